"""A client of the web process behind its edge: webhooks and WSGI application."""

from __future__ import annotations

import io
import json
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync

from agents.inbound.endpoint import PATH, answer_delivery
from easymo.wsgi import application

if TYPE_CHECKING:
    from collections.abc import Mapping


class Answer:
    def __init__(self, status: str, headers: dict[str, str], content: bytes) -> None:
        self.status_code = int(status.split(maxsplit=1)[0])
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.content = content

    def __getitem__(self, header: str) -> str:
        return self.headers[header.lower()]

    def json(self) -> Any:
        return json.loads(self.content)


class WsgiClient:
    """Like Django's client, but deliveries never reach Django."""

    def __init__(self, **environ: Any) -> None:
        self._environ = environ

    def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self.request(
            "POST", path, body, {"Content-Type": content_type, **(headers or {})}
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        variables = self.environ(method, path, body, headers or {})
        if (method, path) == ("POST", PATH):
            status, sent, content = async_to_sync(answer_delivery)(variables, body)
            return Answer(f"{status} {HTTPStatus(status).phrase}", dict(sent), content)
        told: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            told.update(status=status, headers=dict(headers))

        given = application(variables, start)  # type: ignore[arg-type]
        content = b"".join(given)
        if hasattr(given, "close"):
            given.close()
        return Answer(told["status"], told["headers"], content)

    def environ(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        # WSGI headers are Latin-1.
        named = {
            "HTTP_" + name.upper().replace("-", "_"): value.encode().decode("latin-1")
            for name, value in headers.items()
        }
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": named.pop("HTTP_CONTENT_TYPE", ""),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            **named,
            **self._environ,
        }
