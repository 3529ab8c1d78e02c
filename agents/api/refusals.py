"""Every refusal in one shape: a sentence, a word, and the correlation id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.views import defaults

from easymo.observability import correlation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

Body = dict[str, Any]


class Refusal(Exception):
    """The call is refused; nothing of it is kept."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        *,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.facts = facts

    def body(self) -> Body:
        return refusal_body(self.code, str(self), **self.facts)


def refusal_body(code: str, sentence: str, **facts: Any) -> Body:
    return {
        "success": False,
        "error": sentence,
        "code": code,
        **facts,
        "correlation_id": str(correlation.current()),
    }


def answer(refusal: Refusal, **more: Any) -> JsonResponse:
    return JsonResponse(
        {**refusal.body(), **more}, status=refusal.status, headers=refusal.headers
    )


def invalid(fields: Mapping[str, str]) -> Refusal:
    """Name each bad field and why."""
    return Refusal(
        400, "invalid_request", "The request is not valid.", fields=dict(fields)
    )


def unreadable(why: str) -> Refusal:
    return invalid({"body": why})


def unsigned() -> Refusal:
    return Refusal(
        400, "invalid_signature", "The signature is missing, wrong or too old."
    )


def unauthorized() -> Refusal:
    return Refusal(
        401,
        "unauthorized",
        "A valid token is required.",
        headers={"WWW-Authenticate": 'Bearer realm="easymo"'},
    )


def forbidden(sentence: str) -> Refusal:
    return Refusal(403, "forbidden", sentence)


def feature_disabled() -> Refusal:
    return Refusal(
        403, "feature_disabled", "This is switched off for the customer at the moment."
    )


def no_such_function() -> Refusal:
    return Refusal(404, "not_found", "There is no function at this address.")


def method_not_allowed(allowed: str) -> Refusal:
    return Refusal(
        405,
        "method_not_allowed",
        "This function does not take that method.",
        headers={"Allow": allowed},
    )


def in_progress() -> Refusal:
    return Refusal(
        409,
        "in_progress",
        "The first call with this key is still running.",
        headers={"Retry-After": "1"},
    )


def removed() -> Refusal:
    return Refusal(410, "removed", "This function has been taken out of service.")


def too_large(most: int) -> Refusal:
    return Refusal(413, "too_large", f"A body has at most {most:,} bytes.")


def unsupported_type() -> Refusal:
    return Refusal(
        415, "unsupported_media_type", "The body must be application/json in UTF-8."
    )


def key_mismatch() -> Refusal:
    return Refusal(
        422,
        "idempotency_mismatch",
        "This key was already used for another request.",
    )


def rate_limited(
    seconds: int, sentence: str = "Too many calls in a minute."
) -> Refusal:
    return Refusal(429, "rate_limited", sentence, headers={"Retry-After": str(seconds)})


def unavailable() -> Refusal:
    return Refusal(
        503,
        "unavailable",
        "This is not available at the moment.",
        headers={"Retry-After": "5"},
    )


def broken() -> Refusal:
    return Refusal(500, "internal_error", "Something went wrong here.")


PREFIX = "/functions/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django could not read, such as a Host that is not ours."""
    if request.path.startswith(PREFIX):
        return answer(unreadable("This request cannot be read."))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a function that there is not."""
    if request.path.startswith(PREFIX):
        return answer(no_such_function())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody foresaw."""
    if request.path.startswith(PREFIX):
        return answer(broken())
    return defaults.server_error(request)
