"""What an episode is, and what it comes to. Pure: rows in, figures out.

An episode is what one person and the agent say to each other without a pause of ten
minutes. It also ends when a colleague closed what waited for one of us, and after a
day: whoever writes on and on (a probe does) is counted day by day.

Counted as tried: each call for a tool, and each answered turn that called for none.
Counted as failed: a tool that broke, and everything in a turn that broke, or whose
model failed, also where the offline model or a fixed text stood in for it. A refusal
by a rule of the business is no failure, nor is what a model declined to talk about.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.models import OutboundMessage, ToolCall, Turn
from agents.whatsapp.error_table import Action, action_of
from rollout.models import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

IDLE = timedelta(minutes=10)
LONGEST = timedelta(hours=24)
# A reply that has not left by then counts as slow as that.
PATIENCE = timedelta(hours=1)
# What ends a turn early and is nobody's failure.
NO_FAILURE = frozenset({"", "hourly_budget", "conversation_cap", "refusal"})
CAPPED = "conversation_cap"
OPEN = frozenset({"queued", "sending", "unknown"})
Outcome = Observation.Outcome


@dataclass(frozen=True, slots=True)
class Seen:
    """One turn with all that belongs to it."""

    turn: Turn
    # When the first of its messages came in.
    heard_at: datetime
    calls: Sequence[ToolCall] = ()
    reply: OutboundMessage | None = None

    @property
    def ended_at(self) -> datetime | None:
        return self.turn.finished_at

    @property
    def is_answered(self) -> bool:
        """Tell whether it tried to answer: what was not for the agent did not."""
        turn = self.turn
        if turn.status == Turn.Status.ABANDONED:
            return False
        return turn.outcome != "silent" or turn.status == Turn.Status.FAILED

    @property
    def is_waiting_to_leave(self) -> bool:
        return self.reply is not None and self.reply.state in OPEN


@dataclass(frozen=True, slots=True)
class Sums:
    """What an episode comes to."""

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


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    failed: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    waits_ms: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


def episodes(
    turns: Sequence[Seen], *, closed_at: Sequence[datetime] = ()
) -> Iterator[list[Seen]]:
    """Yield the turns of one conversation episode by episode, in their order."""
    current: list[Seen] = []
    for seen in turns:
        if current and _is_another(current, seen, closed_at):
            yield current
            current = []
        current.append(seen)
    if current:
        yield current


def is_over(
    episode: Sequence[Seen],
    *,
    now: datetime,
    next_heard_at: datetime | None = None,
    closed_at: Sequence[datetime] = (),
) -> bool:
    """Tell whether nothing more can belong to it, and all of it is known.

    ``next_heard_at``: when the message came in that the next turn begins with.
    """
    ended_at = episode[-1].ended_at
    if ended_at is None:
        return False
    if any(s.is_waiting_to_leave for s in episode) and now - ended_at < PATIENCE:
        return False
    if any(at >= ended_at for at in closed_at):
        return True
    return (next_heard_at or now) - ended_at >= IDLE


def sums_of(episode: Sequence[Seen], *, now: datetime) -> Sums | None:
    """Return what it comes to; None when nothing of it was for the agent."""
    answered = [seen for seen in episode if seen.is_answered]
    if not answered:
        return None
    tally = _Tally()
    for seen in answered:
        _count(tally, seen, now)
    ended = [seen.ended_at for seen in episode if seen.ended_at is not None]
    started_at = min(seen.heard_at for seen in episode)
    versions = [s.turn.price_version for s in episode if s.turn.price_version]
    return Sums(
        started_at=started_at,
        finished_at=max([started_at, *ended]),
        calls=tally.calls,
        failed=tally.failed,
        turns=len(answered),
        latencies_ms=tally.latencies_ms,
        waits_ms=tally.waits_ms,
        cost=cost_of([seen.turn for seen in episode]),
        price_version=versions[-1] if versions else "",
        errors=dict(tally.errors),
        outcome=_outcome(answered, episode),
    )


def cost_of(turns: Sequence[Turn]) -> Decimal | None:
    """Return what the turns cost; None when the price of one is not known."""
    total = Decimal(0)
    for turn in turns:
        if not turn.model:
            # No model was asked.
            continue
        if turn.cost is None:
            return None
        total += turn.cost
    return total


def failure_of(seen: Seen) -> str:
    """Return the code of what broke the whole turn; nothing, when it went well."""
    turn = seen.turn
    if turn.status == Turn.Status.FAILED:
        return turn.error_code or "failed"
    # Without a model, the code is the refusal of a pressed button.
    if turn.model and turn.error_code not in NO_FAILURE:
        return turn.error_code
    return _undelivered(seen.reply)


def _is_another(
    current: Sequence[Seen], seen: Seen, closed_at: Sequence[datetime]
) -> bool:
    ended_at = current[-1].ended_at
    if ended_at is None:
        return False
    return (
        seen.heard_at - ended_at >= IDLE
        or seen.heard_at - current[0].heard_at >= LONGEST
        or any(ended_at <= at < seen.heard_at for at in closed_at)
    )


def _count(tally: _Tally, seen: Seen, now: datetime) -> None:
    tried = max(len(seen.calls), 1)
    tally.calls += tried
    if code := failure_of(seen):
        tally.failed += tried
        tally.errors[code] += 1
    for call in seen.calls:
        # One that never ended died with its worker.
        if call.status in {ToolCall.Status.FAILED, ToolCall.Status.STARTED}:
            tally.failed += not code
            tally.errors[f"{call.name}:{call.code or 'died'}"] += 1
    input_ended_at = seen.turn.input_ended_at
    if input_ended_at is None:
        return
    tally.waits_ms.append(_ms(input_ended_at - seen.heard_at))
    left_at = _left_at(seen.reply, now)
    if left_at is not None:
        tally.latencies_ms.append(_ms(left_at - input_ended_at))


def _left_at(reply: OutboundMessage | None, now: datetime) -> datetime | None:
    """Return when it was handed over; now, when that should have been long ago."""
    if reply is None:
        return None
    if reply.handed_over_at is not None:
        return reply.handed_over_at
    return now if _undelivered(reply) else None


def _undelivered(reply: OutboundMessage | None) -> str:
    """Return why the reply did not leave, where that is not the person's own doing."""
    if reply is None or reply.handed_over_at is not None:
        return ""
    if reply.state in OPEN:
        return "send:waiting"
    if reply.state != OutboundMessage.State.FAILED:
        return ""
    if action_of(reply.error_code) in {Action.PERSON, Action.WINDOW}:
        return ""
    return f"send:{reply.error_code}"


def _outcome(answered: Sequence[Seen], episode: Sequence[Seen]) -> Outcome:
    if any(seen.turn.error_code == CAPPED for seen in answered):
        return Outcome.CAPPED
    if failure_of(answered[-1]):
        return Outcome.FAILED
    if any(
        seen.turn.outcome == "hand_off" or seen.turn.error_code == "paused"
        for seen in episode
    ):
        return Outcome.HANDED_OVER
    return Outcome.DONE


def _ms(span: timedelta) -> int:
    return max(round(span.total_seconds() * 1000), 0)
