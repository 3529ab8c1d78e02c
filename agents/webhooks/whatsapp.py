from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from agents import synthetic, tasks
from agents.channels.whatsapp.signature import is_handshake, is_signed
from agents.services import inbox
from agents.webhooks.health import health_answer
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.features import Feature

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = get_logger(__name__)

FUNCTION = "ai-whatsapp-webhook"
# Meta sends up to 3 MB; Django's own limit is below that, so it is not asked here.
LARGEST_BODY = 3_500_000


@method_decorator(csrf_exempt, name="dispatch")
class WhatsAppWebhook(View):
    """Check the signature, store the bytes, wake a worker. Nothing else."""

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
            return _refusal(403, "the verify token is not ours")
        return HttpResponse(challenge, content_type="text/plain")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer 200 once the bytes are stored, whatever they hold."""
        try:
            # Not `request.body`: a legal batch is larger than Django's limit.
            body = request.read(LARGEST_BODY + 1)
        except UnreadablePostError:
            return _refusal(400, "the body did not arrive")
        if len(body) > LARGEST_BODY:
            return _refusal(413, "the body is over 3.5 MB")
        header = request.headers.get("X-Hub-Signature-256")
        if not is_signed(body, header, settings.WA_APP_SECRETS):
            return _refusal(403, "the signature is missing or wrong")
        return _store(body, request.headers.get(synthetic.HEADER))


def _store(body: bytes, mark: str | None) -> HttpResponse:
    try:
        event_id = inbox.record(
            body=body,
            is_synthetic=synthetic.is_marked(body, mark),
            correlation_id=correlation.current(),
            wake=tasks.WAKE_INGEST,
        )
    except (DatabaseError, InterfaceError):
        # Meta delivers again for days: that is our outer queue.
        answer = _refusal(503, "the database is unreachable")
        answer["Retry-After"] = "5"
        return answer
    logger.info("ai.whatsapp.webhook.received", event_id=event_id, size=len(body))
    return JsonResponse({"received": True})


def _refusal(status: int, why: str) -> HttpResponse:
    logger.warning("ai.whatsapp.webhook.rejected", status=status, why=why)
    return JsonResponse({"received": False, "error": why}, status=status)
