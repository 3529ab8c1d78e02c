"""Turn evidence into verdicts: one for each guardrail and channel. Pure.

Triggers are guardrails without statistics: one event, or several in a row, are enough.
A figure that is None is unknown: neither OK nor a breach.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.policy import guardrails
from rollout.policy.detector import DetectorTrack, clear_if_calm, start, step
from rollout.policy.guardrails import (
    CHANNELS,
    COST_SCALE,
    STATISTICAL,
    DetectorLevel,
    ExpectedTraffic,
    Policy,
    detector_for,
)
from rollout.policy.statistics import percentile
from rollout.policy.verdicts import Guardrail, Level, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from rollout.policy.detector import Detector
    from rollout.policy.guardrails import ConversationEvidence, GuardrailTest


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """The figures of the triggers since the stage run began. Spending in US dollars."""

    leaks: int | None = None
    # Possible leaks that are not confirmed.
    candidates: int = 0
    value_errors: int | None = None
    spent_hour: float | None = None
    spent_day: float | None = None
    failed_probes: int | None = None
    # Minutes without a conversation and without a probe; None: none is expected.
    silent_min: float | None = None
    silence_is_attended: bool = False


def trigger_verdicts(facts: TriggerFacts, policy: Policy) -> list[Verdict]:
    """Return one verdict for each trigger."""
    return [
        _leak_verdict(facts),
        _count_verdict(Guardrail.VALUE, facts.value_errors),
        _spend_verdict(facts, policy),
        _probe_verdict(facts, policy),
        _silence_verdict(facts, policy),
    ]


def _count_verdict(guardrail: Guardrail, count: int | None) -> Verdict:
    if count is None:
        return Verdict(guardrail, "", Level.NO_DATA)
    level = Level.BREACH if count else Level.OK
    return Verdict(guardrail, "", level, value=float(count), evidence=float(count > 0))


def _leak_verdict(facts: TriggerFacts) -> Verdict:
    verdict = _count_verdict(Guardrail.PII, facts.leaks)
    if verdict.level != Level.OK or not facts.candidates:
        return verdict
    count = float(facts.candidates)
    return Verdict(Guardrail.PII, "", Level.WARN, value=count, evidence=0.5)


def _spend_verdict(facts: TriggerFacts, policy: Policy) -> Verdict:
    if facts.spent_hour is None or facts.spent_day is None:
        return Verdict(Guardrail.SPEND, "", Level.NO_DATA)
    used = max(
        facts.spent_hour / policy.spend_an_hour, facts.spent_day / policy.spend_day
    )
    level = Level.BREACH if used >= 1.0 else Level.OK
    return Verdict(Guardrail.SPEND, "", level, value=used, evidence=round(used, 4))


def _probe_verdict(facts: TriggerFacts, policy: Policy) -> Verdict:
    failed = facts.failed_probes
    if failed is None:
        return Verdict(Guardrail.PROBE, "", Level.NO_DATA)
    level = Level.OK
    if failed >= policy.probes_breach:
        level = Level.BREACH
    elif failed >= policy.probes_warn:
        level = Level.WARN
    evidence = round(failed / policy.probes_breach, 4)
    return Verdict(Guardrail.PROBE, "", level, value=float(failed), evidence=evidence)


def _silence_verdict(facts: TriggerFacts, policy: Policy) -> Verdict:
    silent = facts.silent_min
    after = policy.silence_after_min()
    if silent is None or silent < after:
        return Verdict(Guardrail.DATA, "", Level.OK, value=silent or 0.0)
    return Verdict(
        Guardrail.DATA,
        "",
        Level.NO_DATA,
        value=silent,
        evidence=1.0,
        unattended_min=0.0 if facts.silence_is_attended else silent - after,
    )


# The number of newest conversations that the figures of a verdict are computed from,
# and of those shown while no detector has fired.
RECENT = 400
SHOWN = 100

type DetectorKey = tuple[str, str, str]


@dataclass(slots=True)
class StageDetectors:
    """The detectors of one stage run, and the newest evidence of each channel."""

    policy: Policy
    stage: str
    tracks: dict[DetectorKey, DetectorTrack] = field(default_factory=dict)
    recent: dict[str, list[ConversationEvidence]] = field(default_factory=dict)
    # The thresholds at the start of the stage run hold until its end.
    thresholds: dict[DetectorKey, float] = field(default_factory=dict)
    detectors: dict[DetectorKey, Detector] = field(default_factory=dict)

    def detector(self, test: GuardrailTest, channel: str) -> Detector:
        key = (*test.key, channel)
        found = self.detectors.get(key)
        if found is None:
            found = detector_for(
                test,
                budget=self.policy.budget(self.stage),
                expected=self.policy.expected[channel],
            )
            if key in self.thresholds:
                found = found.with_threshold(self.thresholds[key])
            self.detectors[key] = found
        return found

    def threshold(self, key: DetectorKey) -> float:
        """Return the logarithmic threshold of the detector of this key."""
        guardrail, watch, channel = key
        return self.detector(self.policy.test(guardrail, watch), channel).log_threshold

    def track(self, test: GuardrailTest, channel: str) -> DetectorTrack:
        """Return the track of a test; start again when the bets have changed."""
        found = self.tracks.get((*test.key, channel))
        detector = self.detector(test, channel)
        if found is None or len(found.held) != len(detector.bets):
            return start(detector)
        return found

    def take(self, evidence: ConversationEvidence, now: datetime) -> None:
        """Step every detector of the channel of this conversation."""
        channel = evidence.channel
        cost = self.policy.expected[channel].cost
        for test in self.policy.tests:
            x = test.measure(evidence, cost)
            if x is not None:
                self.tracks[*test.key, channel] = step(
                    self.track(test, channel), self.detector(test, channel), x, now
                )
        newest = self.recent.setdefault(channel, [])
        newest.append(evidence)
        if len(newest) > 2 * RECENT:
            del newest[:-RECENT]

    def rest(self, now: datetime) -> None:
        """Clear the detectors whose evidence has been low for long enough."""
        for test in self.policy.tests:
            for channel in CHANNELS:
                found = self.tracks.get((*test.key, channel))
                if found is not None:
                    self.tracks[*test.key, channel] = clear_if_calm(
                        found, self.detector(test, channel), now
                    )

    def verdicts(self, now: datetime, attended: Collection[str] = ()) -> list[Verdict]:
        """Return the verdicts; `attended`: the keys of incidents with a commander."""
        return [
            self._verdict(guardrail, channel, now, attended)
            for guardrail in STATISTICAL
            for channel in CHANNELS
        ]

    def _verdict(
        self,
        guardrail: Guardrail,
        channel: str,
        now: datetime,
        attended: Collection[str],
    ) -> Verdict:
        warn = self.policy.test(guardrail, DetectorLevel.WARN)
        rollback = self.policy.test(guardrail, DetectorLevel.ROLLBACK)
        warned, broken = self.track(warn, channel), self.track(rollback, channel)
        test, track = (rollback, broken) if broken.has_fired else (warn, warned)
        figures = self._figures(test, channel)
        fired_at = track.fired_at
        key = f"{guardrail}:{channel}"
        level = _level(warned, broken, figures)
        is_unpriced = guardrail == Guardrail.COST and level == Level.NO_DATA
        waited = (now - fired_at).total_seconds() / 60 if fired_at else 0.0
        return Verdict(
            guardrail,
            channel,
            level,
            value=figures.value,
            # The number of conversations whose price is unknown.
            n=figures.unmeasured if is_unpriced else figures.n,
            evidence=round(
                self.detector(rollback, channel).ratio(broken.held)
                if broken.has_fired or not warned.has_fired
                else self.detector(warn, channel).ratio(warned.held),
                4,
            ),
            p95_s=figures.p95_s,
            is_very_slow=self._is_very_slow(guardrail, channel),
            share_here=self._share_here(test, channel, figures.began_at),
            unattended_min=0.0 if key in attended else max(0.0, waited),
            fired_at=fired_at.isoformat() if fired_at else "",
            began_at=figures.began_at.isoformat() if figures.began_at else "",
        )

    def _figures(self, test: GuardrailTest, channel: str) -> RecentFigures:
        expected = self.policy.expected[channel]
        recent = self.recent.get(channel, [])[-RECENT:]
        seen = _measured(test, recent, expected)
        track = self.track(test, channel)
        xs = [x for _, x in seen]
        if track.has_fired:
            detector = self.detector(test, channel)
            begin = guardrails.change_index(xs, q0=test.q0, bets=detector.bets)
        else:
            begin = max(0, len(xs) - SHOWN)
        of = [each for each, _ in seen[begin:]]
        value = guardrails.mean(xs[begin:])
        slow = sorted(ms / 1000 for each in of for ms in each.latencies_ms)
        return RecentFigures(
            value=value * COST_SCALE if test.guardrail == Guardrail.COST else value,
            n=len(of),
            p95_s=percentile(slow) if test.guardrail == Guardrail.LATENCY else None,
            began_at=of[0].at if of and track.has_fired else None,
            unmeasured=len(recent) - len(seen),
        )

    def _is_very_slow(self, guardrail: Guardrail, channel: str) -> bool:
        if guardrail != Guardrail.LATENCY:
            return False
        test = self.policy.test(guardrail, DetectorLevel.VERY_SLOW)
        return self.track(test, channel).has_fired

    def _share_here(
        self, test: GuardrailTest, channel: str, began_at: datetime | None
    ) -> float:
        """Return the share of the badness since then on this channel."""
        if began_at is None:
            return 1.0
        bad = {
            each: sum(
                x
                for seen, x in _measured(
                    test, self.recent.get(each, []), self.policy.expected[each]
                )
                if seen.at >= began_at
            )
            for each in CHANNELS
        }
        total = sum(bad.values())
        return bad[channel] / total if total else 1.0


@dataclass(frozen=True, slots=True)
class RecentFigures:
    value: float
    n: int
    p95_s: float | None
    began_at: datetime | None
    unmeasured: int


def _level(
    warned: DetectorTrack, broken: DetectorTrack, figures: RecentFigures
) -> Level:
    if broken.has_fired:
        return Level.BREACH
    if warned.has_fired:
        return Level.WARN
    return Level.OK if figures.n else Level.NO_DATA


def _measured(
    test: GuardrailTest,
    evidence: Sequence[ConversationEvidence],
    expected: ExpectedTraffic,
) -> list[tuple[ConversationEvidence, float]]:
    found = []
    for each in evidence:
        x = test.measure(each, expected.cost)
        if x is not None:
            found.append((each, x))
    return found
