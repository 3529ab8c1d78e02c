"""Below the functions' address everything is JSON, also where there is no function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views import defaults

from agents.functions import problems

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PREFIX = "/functions/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django could not read, such as a Host that is not ours."""
    if request.path.startswith(PREFIX):
        return problems.answer(problems.unreadable("This request cannot be read."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a function that there is not."""
    if request.path.startswith(PREFIX):
        return problems.answer(problems.no_such_function())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw."""
    if request.path.startswith(PREFIX):
        return problems.answer(problems.broken())
    return defaults.server_error(request)
