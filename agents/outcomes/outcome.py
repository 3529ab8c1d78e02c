"""Divide a conversation's turns into finished parts, and compute each one's outcome.

Pure: rows in, figures out. One part, with one outcome, is what a customer and the
agent say to each other without a pause of ten minutes. A part also ends when a
colleague closes a handoff, and after a day: a customer (or a probe) who writes all the
time is counted day by day.

These count as calls: each tool call, and each answered turn without one. These count as
failed: a tool call that broke, and all calls of a turn that broke or whose model
failed, also where the offline model or a fixed text took over. A refusal by a business
rule is no failure, nor is what a model declined to talk about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.models import OutboundMessage, ToolCall, Turn
from agents.whatsapp.error_table import Action, rule_for
from rollout.models import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

IDLE = timedelta(minutes=10)
MAX_DURATION = timedelta(hours=24)
# A reply that was not sent by then counts with this latency.
MAX_SEND_WAIT = timedelta(hours=1)
CAPPED = "conversation_cap"
# These end a turn early and are no failure.
NO_FAILURE = frozenset({"", "hourly_budget", CAPPED, "refusal"})
OPEN = frozenset({"queued", "sending", "unknown"})
Outcome = Observation.Outcome


@dataclass(frozen=True, slots=True)
class TurnEvidence:
    """One turn with its tool calls and its reply."""

    turn: Turn
    # When the first of its messages was received.
    received_at: datetime
    calls: Sequence[ToolCall] = ()
    reply: OutboundMessage | None = None

    @property
    def ended_at(self) -> datetime | None:
        return self.turn.finished_at

    @property
    def is_answered(self) -> bool:
        """Tell whether the turn tried to answer: a silent one did not."""
        turn = self.turn
        if turn.status == Turn.Status.ABANDONED:
            return False
        return turn.outcome != "silent" or turn.status == Turn.Status.FAILED

    @property
    def is_unsent(self) -> bool:
        return self.reply is not None and self.reply.state in OPEN

    @property
    def failure(self) -> str:
        """The code of what broke the whole turn; "" when nothing did."""
        turn = self.turn
        if turn.status == Turn.Status.FAILED:
            return turn.error_code or "failed"
        # Without a model, the code is the refusal of a pressed button.
        if turn.model and turn.error_code not in NO_FAILURE:
            return turn.error_code
        return _send_failure(self.reply)


@dataclass(frozen=True)
class OutcomeFigures:
    """The figures of one part of a conversation."""

    started_at: datetime
    finished_at: datetime
    calls: int
    failed: int
    turns: int
    latencies_ms: list[int]
    waits_ms: list[int]
    cost: Decimal | None
    price_version: str
    errors: dict[str, int]
    outcome: str


def split_turns(
    turns: Sequence[TurnEvidence], *, closed_at: Sequence[datetime] = ()
) -> Iterator[list[TurnEvidence]]:
    """Yield the turns of one conversation part by part, in their order."""
    part: list[TurnEvidence] = []
    for turn in turns:
        if part and _begins_another(part, turn, closed_at):
            yield part
            part = []
        part.append(turn)
    if part:
        yield part


def is_over(
    part: Sequence[TurnEvidence],
    *,
    now: datetime,
    next_received_at: datetime | None = None,
    closed_at: Sequence[datetime] = (),
) -> bool:
    """Tell whether the part is complete and all of it is known.

    ``next_received_at``: when the message was received with which the next turn begins.
    """
    ended_at = part[-1].ended_at
    if ended_at is None:
        return False
    if any(turn.is_unsent for turn in part) and now - ended_at < MAX_SEND_WAIT:
        return False
    if any(at >= ended_at for at in closed_at):
        return True
    return (next_received_at or now) - ended_at >= IDLE


def figures_of(part: Sequence[TurnEvidence], *, now: datetime) -> OutcomeFigures | None:
    """Return the figures of a part; None when nothing of it was for the agent."""
    answered = [turn for turn in part if turn.is_answered]
    if not answered:
        return None
    failed = 0
    errors: Counter[str] = Counter()
    for turn in answered:
        failed += _count_failed(turn, errors)
    waits_ms, latencies_ms = _timings(answered, now)
    started_at = min(turn.received_at for turn in part)
    ended = [turn.ended_at for turn in part if turn.ended_at is not None]
    versions = [each.turn.price_version for each in part if each.turn.price_version]
    return OutcomeFigures(
        started_at=started_at,
        finished_at=max([started_at, *ended]),
        calls=sum(max(len(turn.calls), 1) for turn in answered),
        failed=failed,
        turns=len(answered),
        latencies_ms=latencies_ms,
        waits_ms=waits_ms,
        cost=cost_of([turn.turn for turn in part]),
        price_version=versions[-1] if versions else "",
        errors=dict(errors),
        outcome=_outcome(answered, part),
    )


def cost_of(turns: Sequence[Turn]) -> Decimal | None:
    """Return the cost of the turns; None when one price is not known."""
    # Without a model there is no cost.
    costs = [turn.cost for turn in turns if turn.model]
    if any(cost is None for cost in costs):
        return None
    return sum(filter(None, costs), Decimal(0))


def _begins_another(
    part: Sequence[TurnEvidence], turn: TurnEvidence, closed_at: Sequence[datetime]
) -> bool:
    ended_at = part[-1].ended_at
    if ended_at is None:
        return False
    return (
        turn.received_at - ended_at >= IDLE
        or turn.received_at - part[0].received_at >= MAX_DURATION
        or any(ended_at <= at < turn.received_at for at in closed_at)
    )


def _count_failed(turn: TurnEvidence, errors: Counter[str]) -> int:
    """Add the errors of one turn; return how many of its calls count as failed."""
    failure = turn.failure
    if failure:
        errors[failure] += 1
    # A call that never ended died with its worker.
    broken = [
        call
        for call in turn.calls
        if call.status in {ToolCall.Status.FAILED, ToolCall.Status.STARTED}
    ]
    for call in broken:
        errors[f"{call.name}:{call.code or 'died'}"] += 1
    return max(len(turn.calls), 1) if failure else len(broken)


def _timings(
    turns: Sequence[TurnEvidence], now: datetime
) -> tuple[list[int], list[int]]:
    """Return how long each turn waited for its input, and how long its reply took."""
    waits_ms, latencies_ms = [], []
    for each in turns:
        input_ended_at = each.turn.input_ended_at
        if input_ended_at is None:
            continue
        waits_ms.append(_ms(input_ended_at - each.received_at))
        sent_at = _sent_at(each.reply, now)
        if sent_at is not None:
            latencies_ms.append(_ms(sent_at - input_ended_at))
    return waits_ms, latencies_ms


def _sent_at(reply: OutboundMessage | None, now: datetime) -> datetime | None:
    """Return when the provider took the reply; now, when it should have long ago."""
    if reply is None:
        return None
    if reply.handed_over_at is not None:
        sent_at: datetime = reply.handed_over_at
        return sent_at
    return now if _send_failure(reply) else None


def _send_failure(reply: OutboundMessage | None) -> str:
    """Return why the reply was not sent, unless the customer caused it."""
    if reply is None or reply.handed_over_at is not None:
        return ""
    if reply.state in OPEN:
        return "send:waiting"
    if reply.state != OutboundMessage.State.FAILED:
        return ""
    if rule_for(reply.error_code).action in {Action.PERSON, Action.WINDOW}:
        return ""
    return f"send:{reply.error_code}"


def _outcome(answered: Sequence[TurnEvidence], part: Sequence[TurnEvidence]) -> Outcome:
    if any(each.turn.error_code == CAPPED for each in answered):
        return Outcome.CAPPED
    if answered[-1].failure:
        return Outcome.FAILED
    if any(
        each.turn.outcome in {"hand_off", "queued"}
        or each.turn.error_code in {"paused", "queued"}
        for each in part
    ):
        return Outcome.HANDED_OVER
    return Outcome.DONE


def _ms(span: timedelta) -> int:
    return max(round(span.total_seconds() * 1000), 0)
