from __future__ import annotations

from typing import TYPE_CHECKING

from agents.hand_offs import open_hand_off
from agents.models import HandOff
from agents.tools.base import Effect, Tool, ToolResult, done, strict_object

if TYPE_CHECKING:
    from agents.tools.base import Call

# What the list in the admin says; the model's own words may hold personal data.
_REASONS = {
    "asked_for_a_person": "The person asked for somebody of ours.",
    "complaint": "The person has a complaint.",
    "cannot_help": "The agent could not help.",
}


def hand_off(call: Call) -> ToolResult:
    """Put the conversation on the list of those that wait for a person."""
    reason = str(call.arguments.get("reason"))
    open_hand_off(
        kind=HandOff.Kind.ASKED,
        profile=call.profile,
        conversation=call.context.conversation,
        reason=_REASONS.get(reason, _REASONS["asked_for_a_person"]),
    )
    return done(call.text("hand_over"), effect=Effect("hand_off"))


HAND_OFF = Tool(
    name="hand_off",
    description=(
        "Pass the conversation to a person of ours: when asked for one, on a "
        "complaint, or when you cannot help."
    ),
    parameters=strict_object(reason={"type": "string", "enum": list(_REASONS)}),
    handler=hand_off,
)
