"""What a policy would have done, over conversations as they were. Pure.

After each rollback the stay begins anew, as it does when people resume: so a list
tells how often it would have acted, also where in truth it did act and what followed
never came. Nobody takes anything on. Only what stands in the conversations is judged:
no probes, no leaks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from rollout.policy.decision_matrix import Circumstances, decide
from rollout.policy.guardrails import CHANNELS
from rollout.policy.judge import Judge
from rollout.policy.statistics import percentile
from rollout.policy.triggers import Facts, triggered
from rollout.policy.verdicts import Action, Guardrail, Level, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rollout.policy.decision_matrix import Decision
    from rollout.policy.evidence import Evidence
    from rollout.policy.guardrails import Policy

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that would have been done."""

    at: datetime
    key: str
    action: Action
    severity: Severity
    sentence: str


class Looker(Protocol):
    """Takes conversations in and says what it sees; `begin` forgets all of it."""

    def take(self, evidence: Evidence) -> None: ...

    def verdicts(self, now: datetime) -> list[Verdict]: ...

    def begin(self) -> None: ...


@dataclass(slots=True)
class Sliding:
    """The conversations of the last so and so long."""

    length: timedelta
    held: deque[Evidence] = field(default_factory=deque)

    def take(self, evidence: Evidence) -> None:
        self.held.append(evidence)
        while self.held and self.held[0].at <= evidence.at - self.length:
            self.held.popleft()

    @property
    def spent(self) -> float:
        return sum(each.cost or 0.0 for each in self.held)


@dataclass(slots=True)
class ByEvidence:
    """The detectors, and the caps of spending."""

    policy: Policy
    stage: str
    judge: Judge = field(init=False)
    hour: Sliding = field(init=False)
    day: Sliding = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.judge = Judge(self.policy, self.stage)
        self.hour, self.day = Sliding(HOUR), Sliding(DAY)

    def take(self, evidence: Evidence) -> None:
        self.judge.take(evidence, evidence.at)
        self.hour.take(evidence)
        self.day.take(evidence)

    def verdicts(self, now: datetime) -> list[Verdict]:
        self.judge.rest(now)
        facts = Facts(spent_hour=self.hour.spent, spent_day=self.day.spent)
        found = [v for v in triggered(facts, self.policy) if v.level == Level.BREACH]
        if any(track.has_fired for track in self.judge.tracks.values()):
            found += self.judge.verdicts(now)
        return [v for v in found if v.level in {Level.WARN, Level.BREACH}]


@dataclass(slots=True)
class Naive60:
    """The guide's figures to the letter: the last 60 minutes against a threshold."""

    policy: Policy
    hour: Sliding = field(default_factory=lambda: Sliding(HOUR))

    def begin(self) -> None:
        self.hour = Sliding(HOUR)

    def take(self, evidence: Evidence) -> None:
        self.hour.take(evidence)

    def verdicts(self, now: datetime) -> list[Verdict]:
        return [verdict for channel in CHANNELS for verdict in self._of(channel)]

    def _of(self, channel: str) -> Iterator[Verdict]:
        held = [each for each in self.hour.held if each.channel == channel]
        calls = sum(each.calls for each in held)
        failed = sum(each.failed for each in held) / calls if calls else 0.0
        if failed > 0.10:
            yield _breach(Guardrail.SUCCESS, channel, failed, len(held))
        slow = sorted(ms / 1000 for each in held for ms in each.latencies_ms)
        p95 = percentile(slow)
        if p95 is not None and p95 > 5.0:
            share = sum(s > 5.0 for s in slow) / len(slow)
            yield _breach(Guardrail.LATENCY, channel, share, len(held), p95)
        priced = [each.cost for each in held if each.cost is not None]
        if priced:
            mean = sum(priced) / len(priced) / self.policy.expected[channel].cost
            if mean > 2.0:
                yield _breach(Guardrail.COST, channel, mean, len(held))


def replay(evidence: Iterable[Evidence], looker: Looker, *, stage: str) -> list[Event]:
    """Return what would have been done; `evidence` in the order it came, by minutes."""
    found: list[Event] = []
    open_holds: set[str] = set()
    for minute, batch in _minutes(evidence):
        for each in batch:
            looker.take(each)
        now = minute + timedelta(minutes=1)
        verdicts = looker.verdicts(now)
        decision = decide(verdicts, _circumstances(looker, stage, found, now))
        open_holds &= {verdict.key for verdict in verdicts}
        is_held = decision.action == Action.HOLD and decision.key in open_holds
        if decision.action == Action.NONE or is_held:
            continue
        found.append(_event(decision, now))
        if decision.action == Action.HOLD:
            open_holds.add(decision.key)
        else:
            looker.begin()
            open_holds.clear()
    return found


def _circumstances(
    looker: Looker, stage: str, found: list[Event], now: datetime
) -> Circumstances:
    acts = isinstance(looker, ByEvidence) and looker.policy.budget(stage).warn_acts
    day = [e for e in found if e.at > now - DAY and e.action > Action.HOLD]
    partials = sum(event.action == Action.PARTIAL for event in day)
    return Circumstances(
        stage=stage, warn_acts=acts, partials=partials, actions=len(day)
    )


def _minutes(evidence: Iterable[Evidence]) -> Iterator[tuple[datetime, list[Evidence]]]:
    minute: datetime | None = None
    batch: list[Evidence] = []
    for each in evidence:
        start = each.at.replace(second=0, microsecond=0)
        if minute is not None and start != minute:
            yield minute, batch
            batch = []
        minute = start
        batch.append(each)
    if minute is not None:
        yield minute, batch


def _event(decision: Decision, now: datetime) -> Event:
    return Event(
        now, decision.key, decision.action, decision.severity, decision.sentence
    )


def _breach(
    guardrail: Guardrail, channel: str, value: float, n: int, p95: float | None = None
) -> Verdict:
    return Verdict(
        guardrail,
        channel,
        Level.BREACH,
        value=value,
        n=n,
        p95_s=p95,
        is_very_slow=p95 is not None and p95 > 10.0,
    )
