"""The WhatsApp webhook: check the signature, store the bytes, enqueue a job.

The web process answers Meta's deliveries in front of Django, on its event loop: Django's
request, middleware and response, and a thread for each, cost several times what storing
an event does. See docs/adr/0008-group-commit-of-webhooks.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from agents.inbound import event_store
from agents.whatsapp import signature
from agents.whatsapp.signature import is_handshake, is_signed
from easymo.database.group_commit import WaitedTooLong
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def receive_delivery(environ: Mapping[str, Any], body: bytes) -> WebhookAnswer:
    """Store a signed delivery; answer 200 once the bytes are stored."""
    refusal = _check(environ, body)
    if refusal is not None:
        return refusal
    try:
        event_id = event_store.record(**_event(environ, body))
    except (DatabaseError, InterfaceError):
        return _unreachable()
    return _received(event_id, body)


async def receive_together(environ: Mapping[str, Any], body: bytes) -> WebhookAnswer:
    """Do the same on the event loop, in one commit with others of this moment."""
    refusal = _check(environ, body)
    if refusal is not None:
        return refusal
    try:
        event_id = await event_store.record_together(**_event(environ, body))
    except (psycopg.Error, DatabaseError, InterfaceError, WaitedTooLong):
        return _unreachable()
    return _received(event_id, body)


def _check(environ: Mapping[str, Any], body: bytes) -> WebhookAnswer | None:
    if len(body) > MAX_BODY_SIZE:
        return _refusal(413, "the body is over 3.5 MB")
    if not is_signed(body, environ.get(SIGNATURE), settings.WA_APP_SECRETS):
        return _refusal(403, "the signature is missing or wrong")
    return None


def _event(environ: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    mark = environ.get(SYNTHETIC_MARK)
    return {
        "body": body,
        "is_synthetic": signature.has_synthetic_mark(body, mark),
        "correlation_id": correlation.current(),
    }


def _unreachable() -> WebhookAnswer:
    # Meta repeats a delivery for days until it is answered with 200.
    return _refusal(503, "the database is unreachable", retry_after_s=5)


def _received(event_id: int, body: bytes) -> WebhookAnswer:
    logger.info("ai.whatsapp.webhook.received", event_id=event_id, size=len(body))
    return WebhookAnswer(200)


def _refusal(
    status: int, why: str, *, retry_after_s: int | None = None
) -> WebhookAnswer:
    logger.warning("ai.whatsapp.webhook.rejected", status=status, why=why)
    return WebhookAnswer(status, why, retry_after_s)


async def answer_delivery(
    environ: Mapping[str, Any], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and content for one delivery."""
    correlation_id = correlation.begin(environ.get(CORRELATION))
    try:
        answer = await receive_together(environ, body)
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
    return answer.status, list(headers.items()), content


@method_decorator(csrf_exempt, name="dispatch")
class WhatsAppWebhook(View):
    """The webhook within Django: the handshake, and POST where the edge does not run."""

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
        try:
            body = _read_body(request.META)
        except OSError:
            answer = _refusal(400, "the body did not arrive")
        else:
            answer = receive_delivery(request.META, body)
        return JsonResponse(
            answer.content, status=answer.status, headers=answer.headers
        )


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})


def _read_body(environ: Mapping[str, Any]) -> bytes:
    """Read the body; not every server ends the stream where the request ends."""
    size = MAX_BODY_SIZE + 1
    if not environ.get("wsgi.input_terminated"):
        length = environ.get("CONTENT_LENGTH") or "0"
        size = min(size, int(length) if length.isdecimal() else 0)
    body: bytes = environ["wsgi.input"].read(size)
    return body
