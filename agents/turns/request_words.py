"""The words in which a person asked for a voucher, for its approver."""

from __future__ import annotations

import re

from agents.models import Message, ToolCall

LONGEST = 500
# The keys of tool calls: of a turn, and of a confirmed question.
_TURN = re.compile(r"turn:([0-9]{1,18}):[0-9]+")
_CONFIRMED = re.compile(r"confirm:([0-9a-f-]{36})")


def of_key(key: str) -> str:
    """Return the person's messages of the turn that asked; empty when not stored."""
    if found := _TURN.fullmatch(key):
        turn: int | None = int(found[1])
    elif found := _CONFIRMED.fullmatch(key):
        asked = ToolCall.objects.filter(pending_action__public_id=found[1])
        turn = asked.values_list("turn", flat=True).first()
    else:
        return ""
    texts = Message.objects.filter(turn=turn).order_by("sent_at", "id")
    words = " / ".join(text for text in texts.values_list("text", flat=True) if text)
    return words[:LONGEST] if turn else ""
