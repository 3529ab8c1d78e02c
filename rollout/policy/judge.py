"""From gathered evidence to verdicts: one a guardrail and channel. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.policy import evidence as policy_evidence
from rollout.policy.detector import Track, rest, start, step
from rollout.policy.evidence import COST_SCALE
from rollout.policy.guardrails import (
    CHANNELS,
    STATISTICAL,
    Expected,
    Policy,
    Watch,
    detector_for,
)
from rollout.policy.statistics import percentile
from rollout.policy.verdicts import Guardrail, Level, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from rollout.policy.detector import Detector
    from rollout.policy.evidence import Evidence
    from rollout.policy.guardrails import Test

# So many of the newest conversations say how bad it is now; a channel's figures on a
# quiet day go back no farther.
RECENT = 400
SHOWN = 100

type Key = tuple[str, str, str]


@dataclass(slots=True)
class Judge:
    """The tracks of one stay in a stage, and the newest evidence of each channel."""

    policy: Policy
    stage: str
    tracks: dict[Key, Track] = field(default_factory=dict)
    recent: dict[str, list[Evidence]] = field(default_factory=dict)
    # Thresholds that a stay began with hold until its end.
    thresholds: dict[Key, float] = field(default_factory=dict)
    detectors: dict[Key, Detector] = field(default_factory=dict)

    def detector(self, test: Test, channel: str) -> Detector:
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

    def threshold(self, key: Key) -> float:
        """Return how much evidence, as a logarithm, the detector of this key needs."""
        guardrail, watch, channel = key
        return self.detector(self.policy.test(guardrail, watch), channel).log_threshold

    def track(self, test: Test, channel: str) -> Track:
        """Return what there is; a track of other bets than today's starts again."""
        found = self.tracks.get((*test.key, channel))
        detector = self.detector(test, channel)
        if found is None or len(found.held) != len(detector.bets):
            return start(detector)
        return found

    def take(self, evidence: Evidence, now: datetime) -> None:
        """Let every detector of its channel make one step."""
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
        """Let fired evidence that has been calm for long enough clear."""
        for test in self.policy.tests:
            for channel in CHANNELS:
                found = self.tracks.get((*test.key, channel))
                if found is not None:
                    self.tracks[*test.key, channel] = rest(
                        found, self.detector(test, channel), now
                    )

    def verdicts(self, now: datetime, attended: Collection[str] = ()) -> list[Verdict]:
        """Return what each guardrail says; `attended`: keys somebody took on."""
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
        warn = self.policy.test(guardrail, Watch.WARN)
        rollback = self.policy.test(guardrail, Watch.ROLLBACK)
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
            # Conversations without a known price: their cost cannot be judged.
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

    def _figures(self, test: Test, channel: str) -> Figures:
        expected = self.policy.expected[channel]
        recent = self.recent.get(channel, [])[-RECENT:]
        seen = _measured(test, recent, expected)
        track = self.track(test, channel)
        xs = [x for _, x in seen]
        if track.has_fired:
            detector = self.detector(test, channel)
            begin = policy_evidence.since_change(xs, q0=test.q0, bets=detector.bets)
        else:
            begin = max(0, len(xs) - SHOWN)
        of = [each for each, _ in seen[begin:]]
        value = policy_evidence.mean(xs[begin:])
        slow = sorted(ms / 1000 for each in of for ms in each.latencies_ms)
        return Figures(
            value=value * COST_SCALE if test.guardrail == Guardrail.COST else value,
            n=len(of),
            p95_s=percentile(slow) if test.guardrail == Guardrail.LATENCY else None,
            began_at=of[0].at if of and track.has_fired else None,
            unmeasured=len(recent) - len(seen),
        )

    def _is_very_slow(self, guardrail: Guardrail, channel: str) -> bool:
        if guardrail != Guardrail.LATENCY:
            return False
        test = self.policy.test(guardrail, Watch.VERY_SLOW)
        return self.track(test, channel).has_fired

    def _share_here(self, test: Test, channel: str, began_at: datetime | None) -> float:
        """Return how much of the badness since then lies on this channel."""
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
class Figures:
    value: float
    n: int
    p95_s: float | None
    began_at: datetime | None
    unmeasured: int


def _level(warned: Track, broken: Track, figures: Figures) -> Level:
    if broken.has_fired:
        return Level.BREACH
    if warned.has_fired:
        return Level.WARN
    return Level.OK if figures.n else Level.NO_DATA


def _measured(
    test: Test, evidence: Sequence[Evidence], expected: Expected
) -> list[tuple[Evidence, float]]:
    found = []
    for each in evidence:
        x = test.measure(each, expected.cost)
        if x is not None:
            found.append((each, x))
    return found
