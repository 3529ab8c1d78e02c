"""Replay recorded conversations and return what a policy would have done. Pure.

After each rollback the detectors start again, as they do when people resume. Only the
conversations are evaluated, without probes and leaks, and no incident is attended.

A policy is a name, or JSON that changes the policy in force:
`{"alpha": 0.05, "tests": {"success rollback": {"q0": 0.1}},
"expected": {"chat": {"an_hour": 100, "cost": 0.1}}, "spend_times": 5}`
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from rollout.policy.decision_matrix import Circumstances, decide
from rollout.policy.evaluation import StageDetectors, TriggerFacts, trigger_verdicts
from rollout.policy.guardrails import CHANNELS, UnknownGuardrail, detector_for
from rollout.policy.statistics import percentile
from rollout.policy.verdicts import Action, Guardrail, Level, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from rollout.policy.decision_matrix import Decision
    from rollout.policy.guardrails import ConversationEvidence, Policy


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReplayEvent:
    """One action that the policy would have taken."""

    at: datetime
    key: str
    action: Action
    severity: Severity
    sentence: str


class ReplayPolicy(Protocol):
    """A policy in a replay; `begin` resets it."""

    def take(self, evidence: ConversationEvidence) -> None: ...

    def verdicts(self, now: datetime) -> list[Verdict]: ...

    def begin(self) -> None: ...


@dataclass(slots=True)
class SlidingWindow:
    """The conversations of the last period of this length."""

    length: timedelta
    held: deque[ConversationEvidence] = field(default_factory=deque)

    def take(self, evidence: ConversationEvidence) -> None:
        self.held.append(evidence)
        while self.held and self.held[0].at <= evidence.at - self.length:
            self.held.popleft()

    @property
    def spent(self) -> float:
        return sum(each.cost or 0.0 for each in self.held)


@dataclass(slots=True)
class DetectorPolicy:
    """The detectors and the caps of spending, as the evaluator uses them."""

    policy: Policy
    stage: str
    detectors: StageDetectors = field(init=False)
    hour: SlidingWindow = field(init=False)
    day: SlidingWindow = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.detectors = StageDetectors(self.policy, self.stage)
        self.hour, self.day = SlidingWindow(HOUR), SlidingWindow(DAY)

    def take(self, evidence: ConversationEvidence) -> None:
        self.detectors.take(evidence, evidence.at)
        self.hour.take(evidence)
        self.day.take(evidence)

    def verdicts(self, now: datetime) -> list[Verdict]:
        self.detectors.rest(now)
        facts = TriggerFacts(spent_hour=self.hour.spent, spent_day=self.day.spent)
        found = [
            v for v in trigger_verdicts(facts, self.policy) if v.level == Level.BREACH
        ]
        if any(track.has_fired for track in self.detectors.tracks.values()):
            found += self.detectors.verdicts(now)
        return [v for v in found if v.level in {Level.WARN, Level.BREACH}]


@dataclass(slots=True)
class Naive60:
    """The plain thresholds of the guide, over the last 60 minutes."""

    policy: Policy
    hour: SlidingWindow = field(default_factory=lambda: SlidingWindow(HOUR))

    def begin(self) -> None:
        self.hour = SlidingWindow(HOUR)

    def take(self, evidence: ConversationEvidence) -> None:
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


def replay(
    evidence: Iterable[ConversationEvidence],
    policy_in_replay: ReplayPolicy,
    *,
    stage: str,
) -> list[ReplayEvent]:
    """Return the actions that `policy_in_replay` would have taken, minute by minute."""
    found: list[ReplayEvent] = []
    open_holds: set[str] = set()
    for minute, batch in _minutes(evidence):
        for each in batch:
            policy_in_replay.take(each)
        now = minute + timedelta(minutes=1)
        verdicts = policy_in_replay.verdicts(now)
        decision = decide(verdicts, _circumstances(policy_in_replay, stage, found, now))
        open_holds &= {verdict.key for verdict in verdicts}
        is_held = decision.action == Action.HOLD and decision.key in open_holds
        if decision.action == Action.NONE or is_held:
            continue
        found.append(_event(decision, now))
        if decision.action == Action.HOLD:
            open_holds.add(decision.key)
        else:
            policy_in_replay.begin()
            open_holds.clear()
    return found


def _circumstances(
    policy_in_replay: ReplayPolicy, stage: str, found: list[ReplayEvent], now: datetime
) -> Circumstances:
    acts = (
        isinstance(policy_in_replay, DetectorPolicy)
        and policy_in_replay.policy.budget(stage).warn_acts
    )
    day = [e for e in found if e.at > now - DAY and e.action > Action.HOLD]
    partials = sum(event.action == Action.PARTIAL for event in day)
    return Circumstances(
        stage=stage, warn_acts=acts, partials=partials, actions=len(day)
    )


def _minutes(
    evidence: Iterable[ConversationEvidence],
) -> Iterator[tuple[datetime, list[ConversationEvidence]]]:
    minute: datetime | None = None
    batch: list[ConversationEvidence] = []
    for each in evidence:
        start = each.at.replace(second=0, microsecond=0)
        if minute is not None and start != minute:
            yield minute, batch
            batch = []
        minute = start
        batch.append(each)
    if minute is not None:
        yield minute, batch


def _event(decision: Decision, now: datetime) -> ReplayEvent:
    return ReplayEvent(
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


POLICY_NAMES = ("default", "naive60")


class InvalidPolicy(ValueError):
    """The policy cannot be read; the text says why."""


def replay_policy(text: str, *, base: Policy, stage: str) -> ReplayPolicy:
    """Return the policy of that name or JSON. Raises InvalidPolicy."""
    if text == "naive60":
        return Naive60(base)
    if text == "default":
        return DetectorPolicy(base, stage)
    if not text.lstrip().startswith("{"):
        raise InvalidPolicy(
            f"There is no policy {text[:40]!r}; there are {' and '.join(POLICY_NAMES)},"
            " or write one as JSON."
        )
    try:
        wanted = json.loads(text)
        policy = _changed_policy(base, wanted, stage)
        for test in policy.tests:
            for expected in policy.expected.values():
                detector_for(test, budget=policy.budget(stage), expected=expected)
    except InvalidPolicy:
        raise
    except UnknownGuardrail as error:
        raise InvalidPolicy(str(error)) from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise InvalidPolicy(f"The policy cannot be used: {error}") from error
    return DetectorPolicy(policy, stage)


def _changed_policy(base: Policy, wanted: dict[str, Any], stage: str) -> Policy:
    _refuse_unknown(
        wanted, {"name", "alpha", "tests", "expected", "spend_times", "spend_a_day"}
    )
    day = wanted.get("spend_a_day", base.spend_a_day)
    policy = replace(
        base,
        name=str(wanted.get("name", "JSON")),
        spend_times=_positive(wanted.get("spend_times", base.spend_times)),
        spend_a_day=None if day is None else _positive(day),
    )
    if "alpha" in wanted:
        budget = replace(base.budget(stage), alpha=float(wanted["alpha"]))
        policy = replace(policy, budgets={**base.budgets, stage: budget})
    for name, changes in wanted.get("tests", {}).items():
        policy = _with_test(policy, name, changes)
    for channel, changes in wanted.get("expected", {}).items():
        _refuse_unknown({channel: 0}, set(base.expected))
        _refuse_unknown(changes, {"an_hour", "cost"})
        numbers = {name: _positive(value) for name, value in changes.items()}
        changed = replace(policy.expected[channel], **numbers)
        policy = replace(policy, expected={**policy.expected, channel: changed})
    return policy


def _with_test(policy: Policy, name: str, changes: dict[str, Any]) -> Policy:
    guardrail, _, watch = name.partition(" ")
    old = policy.test(guardrail, watch)
    _refuse_unknown(changes, {"q0", "levels", "bets"})
    new = replace(
        old,
        q0=float(changes.get("q0", old.q0)),
        levels=tuple(map(float, changes.get("levels", old.levels))),
        bets=tuple(map(float, changes.get("bets", old.bets))),
    )
    tests = tuple(new if test is old else test for test in policy.tests)
    return replace(policy, tests=tests)


def _positive(value: Any) -> float:
    number = float(value)
    if not 0.0 < number < inf:
        raise InvalidPolicy(f"{value!r} is no positive number.")
    return number


def _refuse_unknown(given: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        there_are = ", ".join(sorted(known))
        raise InvalidPolicy(f"{unknown[0]!r} is unknown; there are: {there_are}.")
