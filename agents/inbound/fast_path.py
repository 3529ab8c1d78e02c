"""The door for Meta's deliveries, in front of Django.

They are signed, and that is all they need. Django's request, its middleware and its
response cost several times what storing a receipt does.
"""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from agents.inbound.endpoint import FUNCTION, SIGNATURE, Answer, receive
from agents.whatsapp import signature
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

logger = get_logger(__name__)

PATH = f"/functions/v1/{FUNCTION}"


def _in_environ(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


CORRELATION = _in_environ(correlation.HEADER)
SIGNED = _in_environ(SIGNATURE)
MARKED = _in_environ(signature.SYNTHETIC_HEADER)


class WebhookDoor:
    """Take Meta's deliveries in; hand every other request on."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != PATH:
            return self._application(environ, start_response)
        correlation_id = correlation.begin(environ.get(CORRELATION))
        answer = _take_in(environ)
        content = json.dumps(answer.content).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("X-Content-Type-Options", "nosniff"),
            (correlation.HEADER, str(correlation_id)),
        ]
        if answer.retry_after_s is not None:
            headers.append(("Retry-After", str(answer.retry_after_s)))
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", headers)
        return [content]


def _take_in(environ: WSGIEnvironment) -> Answer:
    try:
        return receive(
            read=partial(_read, environ),
            signature=environ.get(SIGNED),
            mark=environ.get(MARKED),
        )
    except Exception:
        logger.exception("ai.whatsapp.webhook.failed")
        return Answer(500, "this should not have happened")


def _read(environ: WSGIEnvironment, most: int) -> bytes:
    """Read the body; not every server ends it where the request ends."""
    if not environ.get("wsgi.input_terminated"):
        length = environ.get("CONTENT_LENGTH") or "0"
        most = min(most, int(length) if length.isdecimal() else 0)
    body: bytes = environ["wsgi.input"].read(most)
    return body
