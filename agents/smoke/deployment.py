"""Send requests to a deployment: over HTTP, or in this process.

Both use the real webhook and API, with a signature, the synthetic mark and a
correlation id whose log lines are kept.
"""

from __future__ import annotations

import contextvars
import io
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

import httpx2
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from agents.api.realtime_endpoint import FUNCTION as REALTIME
from agents.inbound.endpoint import FUNCTION, SIGNATURE_HEADER
from agents.realtime import signature as openai_signature
from agents.whatsapp import signature
from agents.whatsapp.signature import sign
from easymo.observability.correlation import HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpResponse

TIMEOUT_S = 10.0
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


def post_webhook(*, url: str | None, body: bytes, correlation_id: UUID) -> None:
    """Post what Meta would post; raise ``Failed`` unless it is taken."""
    if not settings.WA_APP_SECRETS:
        raise SmokeFailure(
            "WA_APP_SECRET is not set: the webhook accepts nothing.",
            "Set WA_APP_SECRET, to Meta's app secret where there is one.",
        )
    headers = {
        SIGNATURE_HEADER: sign(body, settings.WA_APP_SECRETS[0]),
        signature.SYNTHETIC_HEADER: signature.synthetic_mark(body),
    }
    answer = _post(url, FUNCTION, body, headers, correlation_id)
    if answer.status == 403:
        raise SmokeFailure(
            "The webhook refused our signature (403).",
            "WA_APP_SECRET here and at the deployment must be the same.",
        )
    if answer.status != 200 or answer.json() != {"received": True}:
        raise SmokeFailure(
            f"The webhook answered {answer.status}.",
            "See GET /readyz of the deployment.",
        )


def post_realtime_webhook(
    *, url: str | None, body: bytes, correlation_id: UUID
) -> None:
    """Post what OpenAI would post of a call; raise ``Failed`` unless it is taken."""
    if not settings.OPENAI_WEBHOOK_SECRETS:
        raise SmokeFailure(
            "OPENAI_WEBHOOK_SECRET is not set: the webhook accepts nothing.",
            "Copy it from the webhook's page in OpenAI's settings.",
        )
    webhook_id, at = f"smoke_{correlation_id.hex}", str(int(time.time()))
    secret = settings.OPENAI_WEBHOOK_SECRETS[0]
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": at,
        "webhook-signature": openai_signature.sign(body, webhook_id, at, secret=secret),
        signature.SYNTHETIC_HEADER: signature.synthetic_mark(body),
    }
    answer = _post(url, REALTIME, body, headers, correlation_id)
    if answer.status == 400:
        raise SmokeFailure(
            "The webhook refused our signature (400).",
            "OPENAI_WEBHOOK_SECRET here and at the deployment must be the same.",
        )
    if answer.status != 200:
        raise SmokeFailure(
            f"The webhook answered {answer.status}.",
            "See GET /readyz of the deployment.",
        )


def call_function(
    *, url: str | None, name: str, body: Mapping[str, Any], token: str, cause: UUID
) -> dict[str, Any]:
    """Call one function of the API; raise ``Failed`` unless it succeeds."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = _post(url, name, json.dumps(dict(body)).encode(), headers, cause)
    found = answer.json()
    if answer.status != 200 or found.get("success") is not True:
        code = str(found.get("code") or "no code")[:40]
        raise SmokeFailure(f"{name} answered {answer.status} ({code}).", _remedy(code))
    return found


def _remedy(code: str) -> str:
    return {
        "removed": "A full rollback is in force: `manage.py rollback restore`.",
        "unauthorized": "The deployment must use the database of this DATABASE_URL.",
        "limit_exceeded": "A limit of vouchers is lower than the smoke tests need.",
    }.get(code, "See the deployment's log under the correlation id.")


def _post(
    url: str | None, name: str, body: bytes, headers: dict[str, str], cause: UUID
) -> Answer:
    headers = {"Content-Type": "application/json", HEADER: str(cause), **headers}
    path = f"/functions/v1/{name}"
    if url is None:
        # In a separate context: the caller's log lines keep their correlation id.
        answer = contextvars.copy_context().run(_in_process, path, body, headers)
    else:
        answer = _over_http(url, path, body, headers)
    if answer.headers.get(HEADER.lower()) != str(cause):
        raise SmokeFailure(
            f"{name} did not answer with our {HEADER} ({answer.status}).",
            "See that the address is this deployment's and its proxy passes headers.",
        )
    return answer


def _over_http(url: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    try:
        answer = httpx2.post(
            url.rstrip("/") + path,
            content=body,
            headers=headers | _proxy_headers(url),
            timeout=TIMEOUT_S,
            trust_env=urlsplit(url).hostname not in LOOPBACK,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SmokeFailure(
            f"No answer from {_origin(url)} ({type(error).__name__}).",
            "See that the web process is up, or name its address with --url.",
        ) from error
    if answer.status_code == 400 and not answer.content.startswith(b"{"):
        raise SmokeFailure(
            f"{_origin(url)} refused the request (400).",
            "Name that host in ALLOWED_HOSTS, or give the public address with --url.",
        )
    if answer.is_redirect:
        raise SmokeFailure(
            f"{_origin(url)} redirects ({answer.status_code}).",
            "Give the https:// address with --url.",
        )
    return Answer(answer.status_code, dict(answer.headers), answer.content)


def _proxy_headers(url: str) -> dict[str, str]:
    """Return the headers that the proxy adds, where the request bypasses it."""
    if urlsplit(url).hostname not in LOOPBACK:
        return {}
    host = _public_host()
    found = {"X-Forwarded-Proto": "https"} if settings.HTTPS_ONLY else {}
    return found | ({"Host": host} if host else {})


def _public_host() -> str:
    named = [one.lstrip(".") for one in settings.ALLOWED_HOSTS if one != "*"]
    return named[0] if named else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":")


def _in_process(path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Run all middleware and the view.

    Not by the handler's ``__call__``: its signals would close the connection.
    """
    request = WSGIRequest(_environ(path, body, headers))
    response = cast("HttpResponse", _application().get_response(request))
    found = {name.lower(): value for name, value in response.items()}
    return Answer(response.status_code, found, response.content)


def _environ(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SERVER_NAME": _public_host() or "localhost",
        "SERVER_PORT": "443",
        "PATH_INFO": path,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    for name, value in headers.items():
        if name != "Content-Type":
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


@cache
def _application() -> WSGIHandler:
    return WSGIHandler()


class SmokeFailure(Exception):
    """A smoke test failed: what was found, and the remedy, without personal data."""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
