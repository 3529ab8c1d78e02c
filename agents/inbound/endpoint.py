"""The WhatsApp webhook: check the signature, store the bytes, enqueue a job.

Meta's deliveries are answered in front of Django: its request, middleware and response
cost several times what storing an event does. See
docs/adr/0008-group-commit-of-webhooks.md.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from agents.inbound import event_store
from agents.whatsapp import signature
from agents.whatsapp.signature import is_handshake, is_signed
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from django.http import HttpRequest

logger = get_logger(__name__)

FUNCTION = "ai-whatsapp-webhook"
PATH = f"/functions/v1/{FUNCTION}"
# Meta sends up to 3 MB. Django's own limit is lower, so Django does not read the body.
MAX_BODY_SIZE = 3_500_000
SIGNATURE_HEADER = "X-Hub-Signature-256"


def _environ_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


CORRELATION = _environ_name(correlation.HEADER)
SIGNATURE = _environ_name(SIGNATURE_HEADER)
SYNTHETIC_MARK = _environ_name(signature.SYNTHETIC_HEADER)


class WebhookAnswer(NamedTuple):
    """The answer to a delivery."""

    status: int
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def content(self) -> dict[str, bool | str]:
        if self.error is None:
            return {"received": True}
        return {"received": False, "error": self.error}

    @property
    def headers(self) -> dict[str, str]:
        if self.retry_after_s is None:
            return {}
        return {"Retry-After": str(self.retry_after_s)}


def receive_delivery(environ: Mapping[str, Any]) -> WebhookAnswer:
    """Store a signed delivery; answer 200 once the bytes are stored."""
    try:
        body = _read_body(environ)
    except OSError:
        return _refusal(400, "the body did not arrive")
    if len(body) > MAX_BODY_SIZE:
        return _refusal(413, "the body is over 3.5 MB")
    if not is_signed(body, environ.get(SIGNATURE), settings.WA_APP_SECRETS):
        return _refusal(403, "the signature is missing or wrong")
    try:
        event_id = event_store.record(
            body=body,
            is_synthetic=signature.has_synthetic_mark(
                body, environ.get(SYNTHETIC_MARK)
            ),
            correlation_id=correlation.current(),
        )
    except (DatabaseError, InterfaceError):
        # Meta repeats a delivery for days until it is answered with 200.
        return _refusal(503, "the database is unreachable", retry_after_s=5)
    logger.info("ai.whatsapp.webhook.received", event_id=event_id, size=len(body))
    return WebhookAnswer(200)


def _read_body(environ: Mapping[str, Any]) -> bytes:
    """Read the body; not every server ends the stream where the request ends."""
    size = MAX_BODY_SIZE + 1
    if not environ.get("wsgi.input_terminated"):
        length = environ.get("CONTENT_LENGTH") or "0"
        size = min(size, int(length) if length.isdecimal() else 0)
    body: bytes = environ["wsgi.input"].read(size)
    return body


def _refusal(
    status: int, why: str, *, retry_after_s: int | None = None
) -> WebhookAnswer:
    logger.warning("ai.whatsapp.webhook.rejected", status=status, why=why)
    return WebhookAnswer(status, why, retry_after_s)


class FastWebhookPath:
    """Answer Meta's deliveries; pass every other request to Django."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != PATH:
            return self._application(environ, start_response)
        correlation_id = correlation.begin(environ.get(CORRELATION))
        try:
            answer = receive_delivery(environ)
        except Exception:
            logger.exception("ai.whatsapp.webhook.failed")
            answer = WebhookAnswer(500, "this should not have happened")
        content = json.dumps(answer.content).encode()
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "X-Content-Type-Options": "nosniff",
            correlation.HEADER: str(correlation_id),
            **answer.headers,
        }
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [content]


@method_decorator(csrf_exempt, name="dispatch")
class WhatsAppWebhook(View):
    """The webhook within Django: the handshake, and POST where no WSGI server runs."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the set-up handshake; Meta uses the same URL for both."""
        if not request.GET:
            return health_answer(FUNCTION, Feature.CHAT)
        challenge = request.GET.get("hub.challenge", "")
        accepted = bool(challenge) and is_handshake(
            request.GET.get("hub.mode", ""),
            request.GET.get("hub.verify_token", ""),
            settings.WA_VERIFY_TOKEN,
        )
        logger.info("ai.whatsapp.webhook.verify", accepted=accepted)
        if not accepted:
            return JsonResponse(
                {"received": False, "error": "the verify token is not ours"}, status=403
            )
        return HttpResponse(challenge, content_type="text/plain")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = receive_delivery(request.META)
        return JsonResponse(
            answer.content, status=answer.status, headers=answer.headers
        )


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})
