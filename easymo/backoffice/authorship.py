"""State the signed-in account as the author of the changes of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.database.authorship import Author, authored

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

ADMIN = "admin"
WEB = "web"


class AuthorMiddleware:
    """Must come after the middleware that finds the user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with authored(lambda: author_of(request)):
            return self.get_response(request)


def author_of(request: HttpRequest) -> Author:
    """Return the signed-in account, or only the source of a request without one."""
    # A user whose second factor is missing acts on the pages of the second factor only.
    user = getattr(request, "pending_user", None) or request.user
    if not user.is_authenticated:
        return Author(WEB)
    return Author(ADMIN, user.get_username(), user.pk)
