"""One conversation as a colleague reads it: messages, turns and colleagues' actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.core.code_redaction import hide_placeholders
from agents.handoff.tool_sentences import sentence
from agents.models import ColleagueAct, Message, OutboundMessage, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model, QuerySet

    from agents.models import ToolCall

# Of each kind; older rows are in the lists of messages and turns.
MAX_ROWS = 100
# The text was deleted after its retention, or its person was erased.
ERASED_TEXT = "(deleted)"


@dataclass(frozen=True)
class Entry:
    """A message in or out, a turn with its tool calls, or a colleague's action."""

    kind: str
    at: datetime
    # Among rows of one instant: the message, then the turn, then its reply.
    order: int
    text: str = ""
    note: str = ""
    turn: Turn | None = None
    # The colleague who wrote or did it; "" when it was the agent.
    by: str = ""
    # Only colleagues read it.
    is_note: bool = False
    # Each call of a turn in one sentence, and the call.
    calls: tuple[tuple[str, ToolCall], ...] = ()
    # The address of what it is about.
    link: str = ""
    # The customer's message, which other pages link to.
    message: int | None = None


def thread(conversation_id: int | str, *, until: datetime | None = None) -> list[Entry]:
    """Return the newest part of a conversation, oldest first, in five queries.

    With `until` it is the part that ends then.
    """

    def part[Row: Model](rows: QuerySet[Row], moment: str) -> list[Row]:
        ended = {f"{moment}__lte": until} if until else {}
        return _newest(rows.filter(conversation_id=conversation_id, **ended))

    entries = [
        Entry(
            "inbound",
            row.received_at,
            0,
            row.text or f"({row.kind})",
            row.get_state_display(),
            message=row.pk,
        )
        for row in part(Message.objects.all(), "received_at")
    ]
    entries += [
        Entry(
            "turn",
            row.started_at,
            1,
            turn=row,
            calls=tuple((sentence(call), call) for call in row.tool_calls.all()),
        )
        for row in part(Turn.objects.prefetch_related("tool_calls"), "started_at")
    ]
    entries += [
        Entry(
            "outbound",
            row.created_at,
            2,
            hide_placeholders(row.body) or ERASED_TEXT,
            f"{row.state} {row.error_code}".strip(),
            by=row.written_by,
        )
        for row in part(OutboundMessage.objects.all(), "created_at")
    ]
    entries += _acts(part(ColleagueAct.objects.all(), "created_at"))
    return sorted(entries, key=lambda entry: (entry.at, entry.order))


def _acts(actions: list[ColleagueAct]) -> list[Entry]:
    return [
        Entry(
            "act",
            row.created_at,
            3,
            row.get_kind_display(),
            row.reason,
            by=row.actor,
            is_note=row.kind == ColleagueAct.Kind.NOTED,
        )
        for row in actions
    ]


def _newest[Row: Model](rows: QuerySet[Row]) -> list[Row]:
    return list(rows.order_by("-id")[:MAX_ROWS])
