"""The correlation id that links log lines, rows and answers of one cause."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse

HEADER = "X-Correlation-ID"
_FIELD = "correlation_id"


def current() -> uuid.UUID:
    """Return the current correlation id; create and keep one when there is none."""
    bound_id = structlog.contextvars.get_contextvars().get(_FIELD)
    if bound_id is None:
        bound_id = str(uuid.uuid4())
        structlog.contextvars.bind_contextvars(**{_FIELD: bound_id})
    return uuid.UUID(bound_id)


def parse(text: str | None) -> uuid.UUID | None:
    """Parse a correlation id from outside; None unless it is a canonical UUID."""
    if text is None or len(text) != 36:
        return None
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None


@contextmanager
def bound(
    correlation_id: uuid.UUID | str | None = None, **fields: Any
) -> Iterator[uuid.UUID]:
    """Add an id (given or new) and fields to every log line within the block."""
    chosen = correlation_id or uuid.uuid4()
    with structlog.contextvars.bound_contextvars(**{_FIELD: str(chosen)}, **fields):
        yield uuid.UUID(str(chosen))


def begin(given: str | None) -> uuid.UUID:
    """Begin a request: every following log line has the caller's id or a new one.

    The id stays until the thread's next request: Django logs a refusal after the
    middleware has returned.
    """
    structlog.contextvars.clear_contextvars()
    correlation_id = parse(given) or uuid.uuid4()
    structlog.contextvars.bind_contextvars(**{_FIELD: str(correlation_id)})
    return correlation_id


class CorrelationMiddleware:
    """Take the caller's ``X-Correlation-ID`` or create one, and return it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        correlation_id = begin(request.headers.get(HEADER))
        response = self.get_response(request)
        response[HEADER] = str(correlation_id)
        return response
