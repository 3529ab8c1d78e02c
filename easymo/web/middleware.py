"""Middleware of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.middleware.csp import get_nonce
from django.utils.csp import CSP, build_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

ADMIN = "/admin/"


class NoStoreMiddleware:
    """Forbid storing any answer, whatever its page says.

    Pages and answers show codes, names and numbers. Static files never get here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Cache-Control"] = "no-store"
        return response


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
