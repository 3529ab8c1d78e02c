from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from agents import synthetic
from agents.channels.whatsapp.signature import is_handshake
from agents.functions.health import health_answer
from agents.webhooks.receiving import SIGNATURE, receive
from easymo.observability.logs import get_logger
from rollout.features import Feature

if TYPE_CHECKING:
    from django.http import HttpRequest

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
            mark=request.headers.get(synthetic.HEADER),
        )
        response = JsonResponse(answer.content, status=answer.status)
        if answer.retry_after_s is not None:
            response["Retry-After"] = str(answer.retry_after_s)
        return response
