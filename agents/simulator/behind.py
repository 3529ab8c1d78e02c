"""What happened behind the telephone: turns, tool calls, voucher events, log lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.simulator import scene
from easymo.observability.models import LogLine
from vouchers.models import VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from agents.models import ToolCall, Turn
    from vouchers.models import Profile

LOG_LINES = 400


@dataclass(frozen=True)
class Act:
    """One turn with all that it caused."""

    turn: Turn
    tool_calls: Sequence[ToolCall]
    events: Sequence[VoucherEvent]
    lines: Sequence[LogLine]

    @property
    def latency_ms(self) -> int | None:
        """Milliseconds from the end of the quiet time to the first hand-over."""
        ended = self.turn.input_ended_at
        sent = [row.handed_over_at for row in self.turn.replies.all()]
        if ended is None or not sent or sent[0] is None:
            return None
        return round((sent[0] - ended).total_seconds() * 1_000)


def context(person: Profile) -> dict[str, Any]:
    """Return what the right-hand side shows."""
    conversation = scene.conversation_of(person)
    turns = scene.turns(conversation)
    return {
        "person": person,
        "conversation": conversation,
        "acts": acts(turns),
        "unanswered": scene.unanswered(conversation),
    }


def acts(turns: Sequence[Turn]) -> list[Act]:
    """Return the turns with their voucher events and log lines, in two queries."""
    ids = scene.correlation_ids(turns)
    events = _grouped(
        VoucherEvent.objects.filter(correlation_id__in=ids)
        .select_related("voucher")
        .order_by("id")
    )
    newest = LogLine.objects.filter(correlation_id__in=ids).order_by("-id")[:LOG_LINES]
    lines = _grouped(reversed(newest))
    return [
        Act(
            turn=turn,
            tool_calls=list(turn.tool_calls.all()),
            events=events[turn.correlation_id],
            lines=lines[turn.correlation_id],
        )
        for turn in turns
    ]


def _grouped(rows: Iterable[Any]) -> defaultdict[UUID, list[Any]]:
    groups: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.correlation_id].append(row)
    return groups
