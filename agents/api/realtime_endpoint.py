"""OpenAI's webhook, and the tool events of the earlier system at the same address."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from agents.api import parsing
from agents.api.authentication import token_of
from agents.api.calls import Answer, run_call
from agents.api.functions import BY_NAME
from agents.api.idempotency import Key, is_key
from agents.api.refusals import Refusal, invalid, refusal_for
from agents.api.schema import documented_realtime
from agents.api.views import ApiView
from agents.inbound import event_store
from agents.inbound.endpoint import health_answer
from agents.realtime.signature import headers_of, is_openai, is_signed
from agents.whatsapp.signature import SYNTHETIC_HEADER, has_synthetic_mark
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.request import Request

    from agents.api.functions import Function
    from agents.api.refusals import Body
    from agents.models import ApiToken

logger = get_logger(__name__)

FUNCTION = "ai-realtime-webhook"
MAX_EVENT = 1024 * 1024
TYPES = ("response.function_call_arguments.done", "call_tool")
OPERATION = "tool_event"


@documented_realtime
class RealtimeWebhook(ApiView):
    """A request with OpenAI's headers is an event; any other one is a tool event."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Skip the token checks for OpenAI's events, which are signed."""
        if not (request.method == "POST" and is_openai(request.headers)):
            super().initial(request, *args, **kwargs)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer whether the phone is on for anyone."""
        return health_answer(FUNCTION, Feature.VOICE)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Store an event of OpenAI, or run a tool event."""
        if is_openai(request.headers):
            return _store_event(request._request)
        event = read_event(parsing.object_of(request))
        try:
            answer = run_tool_event(event, token_of(request))
        except (Refusal, ValidationError) as error:
            # The session that called the tool waits for an output.
            refusal = refusal_for(error)
            body = refusal.body()
            return Response(
                {**body, **output(event, body)},
                status=refusal.status_code,
                headers=refusal.headers,
            )
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        return Response(output(event, answer.body), headers=headers)


def _store_event(request: HttpRequest) -> Response:
    """Answer 200 after the bytes and the call are stored, whatever they contain."""
    parsing.check_size(request, limit=MAX_EVENT)
    body = request.read()
    given = headers_of(request.headers)
    if given is None or not is_signed(
        body, given, secrets=settings.OPENAI_WEBHOOK_SECRETS, now=time.time()
    ):
        logger.warning("ai.realtime.webhook.rejected", size=len(body))
        raise Refusal("invalid_signature")
    stored = event_store.record_realtime_event(
        webhook_id=given.webhook_id,
        body=body,
        correlation_id=correlation.current(),
        is_synthetic=has_synthetic_mark(body, request.headers.get(SYNTHETIC_HEADER)),
    )
    if stored is None:
        logger.info("ai.realtime.webhook.duplicate", size=len(body))
    else:
        logger.info(
            "ai.realtime.webhook.received"
            if is_on_for_anyone(Feature.VOICE)
            else "ai.realtime.webhook.disabled",
            event_id=stored.event_id,
            type=stored.kind,
            call=stored.call_id,
            size=len(body),
        )
    return Response({"received": True})


@dataclass(frozen=True, slots=True)
class ToolEvent:
    call_id: str
    function: Function
    arguments: Any


def read_event(body: Body) -> ToolEvent:
    """Return the tool event; unknown fields are ignored."""
    errors = {}
    if body.get("type") not in TYPES:
        errors["type"] = f"A tool event is one of {', '.join(TYPES)}."
    name = body.get("name")
    function = BY_NAME.get(name) if isinstance(name, str) else None
    if function is None:
        errors["name"] = "There is no such function."
    call_id = body.get("call_id")
    if not isinstance(call_id, str) or not is_key(call_id):
        errors["call_id"] = "A call id has 1 to 255 visible ASCII characters."
    if not isinstance(body.get("arguments", "{}"), str | dict):
        errors["arguments"] = "The arguments are a JSON object as text."
    if errors or function is None:
        raise invalid(errors)
    return ToolEvent(str(call_id), function, body.get("arguments", "{}"))


def run_tool_event(event: ToolEvent, token: ApiToken) -> Answer:
    """Call the function; a repeated call id replays the first output."""
    if event.function.scope not in token.scopes:
        raise Refusal("forbidden", f"This token has no scope {event.function.scope}.")
    arguments = event.arguments
    if isinstance(arguments, str):
        arguments = parsing.parse_object(arguments)
    key = Key(OPERATION, event.call_id, binds_body=False)
    return run_call(event.function, token, arguments, key)


def output(event: ToolEvent, body: Body) -> Body:
    return {
        "type": "function_call_output",
        "call_id": event.call_id,
        "output": json.dumps(body, ensure_ascii=False),
    }
