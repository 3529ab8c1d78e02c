"""Tool events of the earlier system: a function by its name, its arguments as text."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import JsonResponse

from agents.api import idempotency, parsing, pipeline, refusals
from agents.api.authentication import authenticate
from agents.api.functions import BY_NAME
from agents.api.idempotency import Key
from agents.api.schema import documented_realtime
from agents.api.views import ApiView
from agents.inbound import event_store
from agents.inbound.endpoint import health_answer
from agents.realtime.signature import headers_of, is_openai, is_signed
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import functions_are_removed, is_on_for_anyone

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.request import Request

    from agents.api.authentication import Principal
    from agents.api.functions import Function
    from agents.api.refusals import Body

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
    body = parsing.read_body(request, largest=LARGEST_EVENT)
    given = headers_of(request.headers)
    secret = settings.OPENAI_WEBHOOK_SECRET
    if given is None or not is_signed(body, given, secret=secret, now=time.time()):
        logger.warning("ai.realtime.webhook.rejected", size=len(body))
        raise refusals.unsigned()
    event_id = event_store.record_realtime_event(
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
        raise refusals.removed()
    raw = parsing.read_body(request)
    parsing.check_type(request)
    principal = authenticate(request)
    event = read_event(parsing.read_object(raw))
    try:
        answer = run(event, principal)
    except refusals.Refusal as refusal:
        # The session that asked is told as well: it waits for an output.
        shown = output(event, refusal.body())
        return refusals.answer(refusal, **shown)
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return JsonResponse(output(event, answer.body), headers=headers)


TYPES = ("response.function_call_arguments.done", "call_tool")
OPERATION = "tool_event"


@dataclass(frozen=True, slots=True)
class ToolEvent:
    call_id: str
    function: Function
    arguments: Any


def read_event(body: Body) -> ToolEvent:
    """Return what is called; fields that the provider adds do not matter."""
    complaints = {}
    if body.get("type") not in TYPES:
        complaints["type"] = f"A tool event is one of {', '.join(TYPES)}."
    name = body.get("name")
    function = BY_NAME.get(name) if isinstance(name, str) else None
    if function is None:
        complaints["name"] = "There is no such function."
    call_id = body.get("call_id")
    if not isinstance(call_id, str) or not idempotency.is_key(call_id):
        complaints["call_id"] = "A call id has 1 to 255 visible ASCII characters."
    if not isinstance(body.get("arguments", "{}"), str | dict):
        complaints["arguments"] = "The arguments are a JSON object as text."
    if complaints or function is None:
        raise refusals.invalid(complaints)
    return ToolEvent(str(call_id), function, body.get("arguments", "{}"))


def run(event: ToolEvent, principal: Principal) -> pipeline.Answer:
    """Call the function; a repeated call id tells its first output again."""
    pipeline.require_scope(event.function, principal)
    arguments = event.arguments
    if isinstance(arguments, str):
        arguments = parsing.read_object(arguments)
    key = Key(OPERATION, event.call_id, binds_body=False)
    return pipeline.perform(event.function, principal, arguments, key)


def output(event: ToolEvent, body: Body) -> Body:
    return {
        "type": "function_call_output",
        "call_id": event.call_id,
        "output": json.dumps(body, ensure_ascii=False),
    }
