"""Middleware of the site, and the address of the caller."""

from __future__ import annotations

import io
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.middleware.csp import get_nonce
from django.utils.csp import CSP, build_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from django.http import HttpRequest, HttpResponse

ADMIN = "/admin/"


class AdminPolicyMiddleware:
    """Relax the content security policy under /admin/ only; Unfold needs it.

    Django's middleware outside of this one keeps a policy that is already set.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(ADMIN):
            name = str(CSP.HEADER_ENFORCE)
            wanted = cast("Mapping[str, list[str]]", settings.ADMIN_CSP)
            policy = build_policy(wanted, get_nonce(request))
            response.headers.setdefault(name, policy)
        return response


# Larger than the largest body that any page accepts.
MOST = 3_500_001


class MeasuredBodies:
    """Set the length of a body that came without one; Django would not read it."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if _is_unmeasured(environ):
            body = b""
            # A body that broke off counts as empty.
            with suppress(OSError):
                body = environ["wsgi.input"].read(MOST)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._application(environ, start_response)


def _is_unmeasured(environ: WSGIEnvironment) -> bool:
    """Tell whether the server delimits the body; chunked wins over a given length."""
    return bool(
        environ.get("wsgi.input_terminated")
        and environ["REQUEST_METHOD"] == "POST"
        and ("HTTP_TRANSFER_ENCODING" in environ or not environ.get("CONTENT_LENGTH"))
    )


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; behind our proxy, the one that the proxy saw."""
    called = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.BEHIND_PROXY:
        return called
    nearest = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return _address(nearest) or _address(nearest.rpartition(":")[0]) or called


def _address(text: str) -> str:
    """Return the canonical form of an IP address, or an empty string."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""
