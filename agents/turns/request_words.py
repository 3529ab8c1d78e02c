"""The words in which a person asked for a change of a voucher."""

from __future__ import annotations

import re

from agents.models import Message, ToolCall

LONGEST = 500
# The keys of tool calls: of a turn, and of a confirmed question.
_TURN = re.compile(r"turn:([0-9]{1,18}):[0-9]+")
_CONFIRMED = re.compile(r"confirm:([0-9a-f-]{36})")


def of_key(key: str) -> str:
    """Return the person's messages of the turn that asked; empty when not stored."""
    turn = _turn_of(key)
    texts = Message.objects.filter(turn=turn).order_by("sent_at", "id")
    words = " / ".join(text for text in texts.values_list("text", flat=True) if text)
    return words[:LONGEST] if turn else ""


def _turn_of(key: str) -> int | None:
    """Return the turn of a tool call's key, or of the question that was confirmed."""
    if found := _TURN.fullmatch(key):
        return int(found[1])
    if found := _CONFIRMED.fullmatch(key):
        asked = ToolCall.objects.filter(pending_action__public_id=found[1])
        return asked.values_list("turn", flat=True).first()
    return None
