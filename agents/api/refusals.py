"""The refusals of the function API, each as a sentence, a code and the correlation id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.http.request import UnreadablePostError
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

from easymo.database.errors import is_transient
from easymo.observability.logs import get_logger
from easymo.web.refusals import refusal_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

logger = get_logger(__name__)

type Body = dict[str, Any]

PREFIX = "/functions/"
# Code: HTTP status, and the sentence where the caller of `Refusal` gives none.
REFUSALS: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "The request is not valid."),
    "invalid_signature": (400, "The signature is missing, wrong or too old."),
    "unauthorized": (401, "A valid token is required."),
    "feature_disabled": (
        403,
        "This feature is turned off for the customer at the moment.",
    ),
    "forbidden": (403, "This token has no scope for this function."),
    "not_found": (404, "There is no function at this address."),
    "method_not_allowed": (405, "This function does not take that method."),
    "in_progress": (409, "The first call with this key is still running."),
    "removed": (410, "This function has been taken out of service."),
    "too_large": (413, "The body is too large."),
    "unsupported_media_type": (415, "The body must be application/json in UTF-8."),
    "idempotency_mismatch": (422, "This key was already used for another request."),
    "rate_limited": (429, "Too many calls in a minute."),
    "internal_error": (500, "An internal error occurred."),
    "unavailable": (503, "The service is not available at the moment."),
}
RETRY_AFTER = {"in_progress": 1, "unavailable": 5}


class Refusal(exceptions.APIException):
    """The call is refused and its transaction is rolled back."""

    def __init__(
        self, code: str, sentence: str = "", *, retry_after: int = 0, **facts: Any
    ) -> None:
        self.status_code, default = REFUSALS[code]
        super().__init__(sentence or default, code)
        self.code = code
        self.facts = facts
        seconds = retry_after or RETRY_AFTER.get(code)
        self.headers = {"Retry-After": str(seconds)} if seconds else {}
        if code == "unauthorized":
            self.headers["WWW-Authenticate"] = 'Bearer realm="easymo"'

    def body(self) -> Body:
        return refusal_body(self.code, str(self.detail), **self.facts)


def invalid(fields: Mapping[str, str]) -> Refusal:
    """Return the 400 that names each bad field and why it is bad."""
    return Refusal("invalid_request", fields=dict(fields))


def handle_exception(error: Exception, _context: Any) -> Response:
    """Answer an exception as a refusal."""
    refusal = refusal_for(error)
    logger.info("api.request.refused", status=refusal.status_code, reason=refusal.code)
    return Response(refusal.body(), status=refusal.status_code, headers=refusal.headers)


def refusal_for(error: Exception) -> Refusal:
    """Return the refusal that an exception is answered with; log an unexpected one."""
    match error:
        case Refusal():
            refusal = error
        case exceptions.ValidationError(detail=dict() as detail):
            fields = {name: _first_sentence(why) for name, why in detail.items()}
            refusal = invalid(fields)
        case exceptions.NotAuthenticated():
            refusal = Refusal("unauthorized")
        case exceptions.PermissionDenied():
            refusal = Refusal("forbidden", str(error.detail))
        case exceptions.MethodNotAllowed():
            refusal = Refusal("method_not_allowed")
        case UnreadablePostError():
            refusal = invalid({"body": "The body did not arrive."})
        case _ if is_transient(error):
            logger.warning("api.database.unreachable", exc_info=error)
            refusal = Refusal("unavailable")
        case _:
            logger.error("api.request.failed", exc_info=error)
            refusal = Refusal("internal_error")
    return refusal


def _first_sentence(reasons: Any) -> str:
    return str(reasons[0]) if isinstance(reasons, list) else str(reasons)


def _as_json(refusal: Refusal) -> JsonResponse:
    return JsonResponse(
        refusal.body(), status=refusal.status_code, headers=refusal.headers
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django cannot read, for example an unknown Host."""
    if request.path.startswith(PREFIX):
        return _as_json(invalid({"body": "This request cannot be read."}))
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, as JSON under the address of the functions."""
    if request.path.startswith(PREFIX):
        return _as_json(Refusal("not_found"))
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, as JSON under the address of the functions."""
    if request.path.startswith(PREFIX):
        return _as_json(Refusal("internal_error"))
    return defaults.server_error(request)
