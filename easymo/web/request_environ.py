"""Make the WSGI variables of a request from its line and headers.

WSGI names a header ``HTTP_X_FORWARDED_FOR`` for ``X-Forwarded-For`` and for
``X_Forwarded_For`` alike, so a caller could replace what a proxy has set. Only names
of letters, digits and hyphens pass.
"""

from __future__ import annotations

import re
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from granian.rsgi import Scope

_NAME = re.compile(r"[a-z0-9-]+")
# A request has at most one of each: two servers could read different ones.
SINGLE = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "origin",
        "referer",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-agent-jwt",
        "x-agent-token",
        "x-correlation-id",
        "x-csrftoken",
        "x-easymo-synthetic",
        "x-hub-signature-256",
    }
)
# What only a proxy may tell. Without `BEHIND_PROXY` they are dropped.
FROM_PROXY = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-proto"})
_FROM_PROXY_PREFIX = "x-forwarded-"
# `Proxy` would become HTTP_PROXY, which HTTP clients read from the environment. The
# body is handed over without its transfer coding.
DROPPED = frozenset({"proxy", "transfer-encoding"})
_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class RefusedRequest(Exception):
    """The request is refused before a thread is taken; the text says why."""

    def __init__(
        self, status: HTTPStatus, why: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.retry_after_s = retry_after_s


def environ_of(scope: Scope) -> dict[str, Any]:
    """Return the WSGI variables except the body; raise `RefusedRequest`."""
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI texts are bytes, decoded as Latin-1.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": settings.WEB_WORKERS > 1,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    headers = _grouped(scope.headers)
    _refuse_other_codings(headers.get("transfer-encoding"))
    environ |= _variables(headers)
    environ.setdefault("HTTP_HOST", scope.authority or "")
    return environ


def _grouped(headers: Any) -> dict[str, list[str]]:
    """Return the values of each name; a value that is not ASCII is empty."""
    return {name: headers.get_all(name) or [""] for name in headers.keys()}  # noqa: SIM118


def _refuse_other_codings(values: list[str] | None) -> None:
    """Refuse a body that another server could take for one of another length."""
    if values is not None and [v.strip().lower() for v in values] != ["chunked"]:
        raise RefusedRequest(
            HTTPStatus.BAD_REQUEST, "The only transfer coding is chunked, named once."
        )


def _variables(headers: Mapping[str, list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, values in headers.items():
        if not _NAME.fullmatch(name) or name in DROPPED:
            continue
        if name in FROM_PROXY or name.startswith(_FROM_PROXY_PREFIX):
            if not settings.BEHIND_PROXY:
                continue
            value = _of_proxy(name, values)
        elif len(values) == 1:
            value = values[0]
        elif name in SINGLE:
            raise RefusedRequest(
                HTTPStatus.BAD_REQUEST, f"The header {name} is given twice."
            )
        else:
            value = ("; " if name == "cookie" else ", ").join(values)
        variable = _NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        found[variable] = value
    return found


def _of_proxy(name: str, values: list[str]) -> str:
    """Return what the nearest proxy set: it appends, and earlier entries are claims."""
    if name == "x-forwarded-for":
        return ", ".join(values)
    return values[-1].rpartition(",")[2].strip()
