"""Tool events of the earlier system: a function by its name, its arguments as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.functions import idempotency, pipeline, problems, reading
from agents.functions.idempotency import Key
from agents.functions.registry import BY_NAME

if TYPE_CHECKING:
    from agents.functions.authentication import Principal
    from agents.functions.problems import Body
    from agents.functions.registry import Function

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
        raise problems.invalid(complaints)
    return ToolEvent(str(call_id), function, body.get("arguments", "{}"))


def run(event: ToolEvent, principal: Principal) -> pipeline.Answer:
    """Call the function; a repeated call id tells its first output again."""
    pipeline.require_scope(event.function, principal)
    arguments = event.arguments
    if isinstance(arguments, str):
        arguments = reading.read_object(arguments)
    key = Key(OPERATION, event.call_id, binds_body=False)
    return pipeline.perform(event.function, principal, arguments, key)


def output(event: ToolEvent, body: Body) -> Body:
    return {
        "type": "function_call_output",
        "call_id": event.call_id,
        "output": json.dumps(body, ensure_ascii=False),
    }
