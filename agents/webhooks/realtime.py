from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import JsonResponse

from agents.channels.voice.signature import headers_of, is_openai, is_signed
from agents.functions import problems, reading, tool_events
from agents.functions.authentication import authenticate
from agents.functions.health import health_answer
from agents.functions.schema import documented_realtime
from agents.functions.views import ApiView
from agents.services import realtime_inbox
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.features import Feature
from rollout.services.exposure import functions_are_removed, is_on_for_anyone

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.request import Request

logger = get_logger(__name__)

FUNCTION = "ai-realtime-webhook"
LARGEST_EVENT = 1024 * 1024


@documented_realtime
class RealtimeWebhook(ApiView):
    """OpenAI's webhook, and without its headers the earlier system's tool events."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Tell whether the phone is switched on for anyone."""
        return health_answer(FUNCTION, Feature.VOICE)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Take an event of OpenAI's, or run a tool event."""
        http: HttpRequest = request._request
        if is_openai(http.headers):
            return _take_in(http)
        return _call_tool(http)


def _take_in(request: HttpRequest) -> HttpResponseBase:
    """Answer 200 once the bytes are stored, whatever they hold."""
    body = reading.read_body(request, largest=LARGEST_EVENT)
    given = headers_of(request.headers)
    secret = settings.OPENAI_WEBHOOK_SECRET
    if given is None or not is_signed(body, given, secret=secret, now=time.time()):
        logger.warning("ai.realtime.webhook.rejected", size=len(body))
        raise problems.unsigned()
    event_id = realtime_inbox.record(
        webhook_id=given.webhook_id, body=body, correlation_id=correlation.current()
    )
    if event_id is None:
        logger.info("ai.realtime.webhook.duplicate", size=len(body))
    elif is_on_for_anyone(Feature.VOICE):
        logger.info("ai.realtime.webhook.received", event_id=event_id, size=len(body))
    else:
        logger.info("ai.realtime.webhook.disabled", event_id=event_id)
    return JsonResponse({"received": True})


def _call_tool(request: HttpRequest) -> HttpResponseBase:
    if functions_are_removed():
        raise problems.removed()
    raw = reading.read_body(request)
    reading.check_type(request)
    principal = authenticate(request)
    event = tool_events.read_event(reading.read_object(raw))
    try:
        answer = tool_events.run(event, principal)
    except problems.Refusal as refusal:
        # The session that asked is told as well: it waits for an output.
        shown = tool_events.output(event, refusal.body())
        return problems.answer(refusal, **shown)
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return JsonResponse(tool_events.output(event, answer.body), headers=headers)
