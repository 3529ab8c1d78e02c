"""One conversation as a person of ours reads it: both sides, and the turns between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.code_redaction import PLACEHOLDER
from agents.models import ColleagueAct, Message, OutboundMessage, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model, QuerySet

# Of each kind; older parts are reached through the lists of messages and turns.
LENGTH = 100
# Its time was over, or its person was.
FORGOTTEN = "(forgotten)"


@dataclass(frozen=True)
class Entry:
    """A message of theirs or of ours, a turn with its tool calls, or a colleague's act."""

    kind: str
    at: datetime
    # Among rows of one instant: what was said, then the turn, then its reply.
    order: int
    text: str = ""
    note: str = ""
    turn: Turn | None = None
    # Who of us wrote or did it; nobody, when it was the agent.
    by: str = ""


def thread(conversation_id: int | str) -> list[Entry]:
    """Return the newest part of a conversation, oldest first, in five queries."""
    said = _newest(Message.objects.filter(conversation_id=conversation_id))
    sent = _newest(OutboundMessage.objects.filter(conversation_id=conversation_id))
    turns = _newest(
        Turn.objects.filter(conversation_id=conversation_id).prefetch_related(
            "tool_calls"
        )
    )
    entries = [
        Entry(
            "inbound",
            row.received_at,
            0,
            row.text or f"({row.kind})",
            row.get_state_display(),
        )
        for row in said
    ]
    entries += [Entry("turn", row.started_at, 1, turn=row) for row in turns]
    entries += [
        Entry(
            "outbound",
            row.created_at,
            2,
            _hidden(row.body) or FORGOTTEN,
            _note(row),
            by=row.written_by,
        )
        for row in sent
    ]
    acts = _newest(ColleagueAct.objects.filter(conversation_id=conversation_id))
    entries += [
        Entry(
            "act", row.created_at, 3, row.get_kind_display(), row.reason, by=row.actor
        )
        for row in acts
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.order))


def _hidden(body: str) -> str:
    # The code itself is filled in on its way out and stands nowhere here.
    return PLACEHOLDER.sub("•••• •••• •••• ••••", body)


def _note(row: OutboundMessage) -> str:
    return f"{row.state} {row.error_code}".strip()


def _newest[Row: Model](rows: QuerySet[Row]) -> list[Row]:
    return list(rows.order_by("-id")[:LENGTH])
