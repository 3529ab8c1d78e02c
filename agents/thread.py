"""One conversation as a person of ours reads it: both sides, and the turns between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.models import Message, OutboundMessage, Turn
from agents.services.code_slots import SLOT

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model, QuerySet

# Of each kind; older parts are reached through the lists of messages and turns.
LENGTH = 100


@dataclass(frozen=True)
class Entry:
    """A message of theirs, a message of ours, or a turn with its tool calls."""

    kind: str
    at: datetime
    # Among rows of one instant: what was said, then the turn, then its reply.
    order: int
    text: str = ""
    note: str = ""
    turn: Turn | None = None


def thread(conversation_id: int | str) -> list[Entry]:
    """Return the newest part of a conversation, oldest first, in four queries."""
    said = _newest(Message.objects.filter(conversation_id=conversation_id))
    sent = _newest(OutboundMessage.objects.filter(conversation_id=conversation_id))
    turns = _newest(
        Turn.objects.filter(conversation_id=conversation_id).prefetch_related(
            "tool_calls"
        )
    )
    entries = [
        Entry("inbound", row.received_at, 0, row.text or f"({row.kind})", row.state)
        for row in said
    ]
    entries += [Entry("turn", row.started_at, 1, turn=row) for row in turns]
    entries += [
        Entry("outbound", row.created_at, 2, _hidden(row.body), _note(row))
        for row in sent
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.order))


def _hidden(body: str) -> str:
    # The code itself is filled in on its way out and stands nowhere here.
    return SLOT.sub("•••• •••• •••• ••••", body)


def _note(row: OutboundMessage) -> str:
    return f"{row.state} {row.error_code}".strip()


def _newest[Row: Model](rows: QuerySet[Row]) -> list[Row]:
    return list(rows.order_by("-id")[:LENGTH])
