"""The way into a deployment: over HTTP at an address, or through this process itself.

Either way it is the real webhook and the real API: signed, marked as ours, and with a
correlation id whose log lines are kept.
"""

from __future__ import annotations

import contextvars
import io
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from agents.inbound.endpoint import FUNCTION, SIGNATURE_HEADER
from agents.smoke.errors import Failed
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
        raise Failed(
            "WA_APP_SECRET is not set: nothing can be signed, and nothing is taken.",
            "Set WA_APP_SECRET, to Meta's app secret where there is one.",
        )
    headers = {
        SIGNATURE_HEADER: sign(body, settings.WA_APP_SECRETS[0]),
        signature.SYNTHETIC_HEADER: signature.synthetic_mark(body),
    }
    answer = _post(url, FUNCTION, body, headers, correlation_id)
    if answer.status == 403:
        raise Failed(
            "The webhook refused our signature (403).",
            "WA_APP_SECRET here and at the deployment must be the same.",
        )
    if answer.status != 200 or answer.json() != {"received": True}:
        raise Failed(
            f"The webhook answered {answer.status}.",
            "See GET /readyz of the deployment.",
        )


def call_function(
    *, url: str | None, name: str, body: Mapping[str, Any], token: str, cause: UUID
) -> dict[str, Any]:
    """Call one function of the API; raise ``Failed`` unless it succeeds."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = _post(url, name, json.dumps(dict(body)).encode(), headers, cause)
    told = answer.json()
    if answer.status != 200 or told.get("success") is not True:
        code = str(told.get("code") or "no code")[:40]
        raise Failed(f"{name} answered {answer.status} ({code}).", _mend(code))
    return told


def _mend(code: str) -> str:
    return {
        "removed": "A full rollback is in force: `manage.py rollback restore`.",
        "unauthorized": "The deployment must use the database of this DATABASE_URL.",
        "limit_exceeded": "A limit of vouchers is lower than the smoke tests need.",
    }.get(code, "The log of the deployment tells more, under the correlation id.")


def _post(
    url: str | None, name: str, body: bytes, headers: dict[str, str], cause: UUID
) -> Answer:
    headers = {"Content-Type": "application/json", HEADER: str(cause), **headers}
    path = f"/functions/v1/{name}"
    if url is None:
        # In a context of its own: the caller's log lines keep their own id.
        answer = contextvars.copy_context().run(_through_here, path, body, headers)
    else:
        answer = _over_http(url, path, body, headers)
    if answer.headers.get(HEADER.lower()) != str(cause):
        raise Failed(
            f"{name} did not answer with our {HEADER} ({answer.status}).",
            "See that the address is this deployment's, and that the proxy before it "
            "hands headers on.",
        )
    return answer


def _over_http(url: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    try:
        answer = httpx2.post(
            url.rstrip("/") + path,
            content=body,
            headers=headers | _as_from_outside(url),
            timeout=TIMEOUT_S,
            trust_env=urlsplit(url).hostname not in LOOPBACK,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Failed(
            f"Nobody answered at {_shown(url)} ({type(error).__name__}).",
            "See that the web process is up, or name its address with --url.",
        ) from error
    if answer.status_code == 400 and not answer.content.startswith(b"{"):
        raise Failed(
            f"{_shown(url)} refused the request (400).",
            "Name that host in ALLOWED_HOSTS, or give the public address with --url.",
        )
    if answer.is_redirect:
        raise Failed(
            f"{_shown(url)} sends us elsewhere ({answer.status_code}).",
            "Give the https:// address with --url.",
        )
    return Answer(answer.status_code, dict(answer.headers), answer.content)


def _as_from_outside(url: str) -> dict[str, str]:
    """Past the proxy, on this machine, say what the proxy would have said."""
    if urlsplit(url).hostname not in LOOPBACK:
        return {}
    host = _public_host()
    told = {"X-Forwarded-Proto": "https"} if settings.HTTPS_ONLY else {}
    return told | ({"Host": host} if host else {})


def _public_host() -> str:
    named = [one.lstrip(".") for one in settings.ALLOWED_HOSTS if one != "*"]
    return named[0] if named else ""


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":")


def _through_here(path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Go through the whole site, from the outermost middleware to the view.

    Not by the handler's `__call__`: its signals would close the caller's connection.
    """
    request = WSGIRequest(_environ(path, body, headers))
    response = cast("HttpResponse", _application().get_response(request))
    told = {name.lower(): value for name, value in response.items()}
    return Answer(response.status_code, told, response.content)


def _environ(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": _public_host() or "localhost",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_FORWARDED_PROTO": "https",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        if name != "Content-Type":
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


@cache
def _application() -> WSGIHandler:
    return WSGIHandler()
