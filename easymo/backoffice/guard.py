"""Who is signed in: a session that has not ended, with its second factor.

Everything asks ``request.user``. Until the second factor was proved it is the anonymous
user, so a page that forgets about the second factor shows nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from easymo.backoffice import second_factor, sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

ADMIN = "/admin/"
# The pages of a user whose second factor is missing.
ALLOWED = ("second-factor", "second-factor-set-up", "second-factor-leave")


class SignedInMiddleware:
    """Must come directly after the middleware that finds the user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = SimpleLazyObject(lambda: admitted(request))
        request.user = user

        async def auser() -> Any:
            # Evaluates the lazy object in a thread: it asks the database.
            await sync_to_async(lambda: user.is_authenticated)()
            return user

        request.auser = auser
        if request.path.startswith(ADMIN) and (answer := _turned_away(request)):
            return answer
        return self.get_response(request)


def admitted(request: HttpRequest) -> User | AnonymousUser:
    """Return the user of this request; the anonymous one until all is proved."""
    found = get_user(request)
    if not found.is_authenticated:
        return AnonymousUser()
    row = sessions.current(request, found)
    if row is None:
        request.session.flush()
        return AnonymousUser()
    request.browser_session = row  # type: ignore[attr-defined]
    if second_factor.is_missing(found, row, row.factor):  # type: ignore[attr-defined]
        request.pending_user = found  # type: ignore[attr-defined]
        return AnonymousUser()
    return found


def pending_user(request: HttpRequest) -> User | None:
    """Return the user who has signed in by password and whose second factor is missing."""
    # Asking who the user is finds it.
    _ = request.user.is_authenticated
    return getattr(request, "pending_user", None)


def _turned_away(request: HttpRequest) -> HttpResponse | None:
    """Lead a user without second factor to its page; let a sign-in as another pass."""
    if pending_user(request) is None:
        return None
    if request.path in {reverse(name) for name in ALLOWED}:
        return None
    if request.path == reverse("admin:login") and request.method == "POST":
        return None
    onward = request.GET.get("next", "") or request.get_full_path()
    if request.path in {reverse("admin:login"), reverse("admin:logout")}:
        onward = request.GET.get("next", "")
    query = f"?{urlencode({'next': onward})}" if onward else ""
    return HttpResponseRedirect(reverse("second-factor") + query)
