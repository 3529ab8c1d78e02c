"""What is done with a delivery of Meta's, whoever hands it in.

Check the signature, store the bytes, wake a worker: nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from agents.core import jobs
from agents.inbound import event_store
from agents.whatsapp import signature as whatsapp_signature
from agents.whatsapp.signature import is_handshake, is_signed
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

logger = get_logger("agents.inbound.endpoint")

# Meta sends up to 3 MB; Django's own limit is below that, so it is not asked.
LARGEST_BODY = 3_500_000
SIGNATURE = "X-Hub-Signature-256"


class Answer(NamedTuple):
    """What Meta is told."""

    status: int
    error: str | None = None
    retry_after_s: int | None = None

    @property
    def content(self) -> dict[str, bool | str]:
        """The answer's JSON."""
        if self.error is None:
            return {"received": True}
        return {"received": False, "error": self.error}


def receive(
    *, read: Callable[[int], bytes], signature: str | None, mark: str | None
) -> Answer:
    """Answer 200 once the bytes are stored, whatever they hold."""
    try:
        body = read(LARGEST_BODY + 1)
    except OSError:
        return _refusal(400, "the body did not arrive")
    if len(body) > LARGEST_BODY:
        return _refusal(413, "the body is over 3.5 MB")
    if not is_signed(body, signature, settings.WA_APP_SECRETS):
        return _refusal(403, "the signature is missing or wrong")
    try:
        event_id = event_store.record(
            body=body,
            is_synthetic=whatsapp_signature.has_synthetic_mark(body, mark),
            correlation_id=correlation.current(),
            wake=jobs.PROCESS_EVENTS,
        )
    except (DatabaseError, InterfaceError):
        # Meta delivers again for days: that is our outer queue.
        return _refusal(503, "the database is unreachable", retry_after_s=5)
    logger.info("ai.whatsapp.webhook.received", event_id=event_id, size=len(body))
    return Answer(200)


def _refusal(status: int, why: str, *, retry_after_s: int | None = None) -> Answer:
    logger.warning("ai.whatsapp.webhook.rejected", status=status, why=why)
    return Answer(status, why, retry_after_s)


logger = get_logger(__name__)

FUNCTION = "ai-whatsapp-webhook"


@method_decorator(csrf_exempt, name="dispatch")
class WhatsAppWebhook(View):
    """Meta's webhook as one of Django's pages."""

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
        """Take a delivery in; most come by the door, and never get here."""
        answer = receive(
            # Not `request.body`: a legal batch is larger than Django's limit.
            read=request.read,
            signature=request.headers.get(SIGNATURE),
            mark=request.headers.get(whatsapp_signature.SYNTHETIC_HEADER),
        )
        response = JsonResponse(answer.content, status=answer.status)
        if answer.retry_after_s is not None:
            response["Retry-After"] = str(answer.retry_after_s)
        return response


def health_answer(function: str, feature: Feature) -> JsonResponse:
    """Say whether the function's feature is on for anyone."""
    return JsonResponse({"function": function, "enabled": is_on_for_anyone(feature)})
