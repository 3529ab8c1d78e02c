"""The e-detector: a sequential test whether a rate has become worse than a limit.

A mixture of Shiryaev-Roberts processes over a fixed set of bets (Shin, Ramdas, Rinaldo
2024; bets after Waudby-Smith and Ramdas). Each conversation gives one badness ``x`` in
[0, 1]. When the true mean is at most ``q0``, the probability of a false alarm within
``horizon`` conversations is at most ``alpha``, however often the test is evaluated.
Pure: floats in, floats out; the state is small, can be stored and replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


# The largest share of its evidence that a bet may lose in one step.
MAX_LOSS = 0.99


@dataclass(frozen=True, slots=True)
class Detector:
    """The test of one mean against ``q0``.

    ``bets`` are the factors lambda of ``1 + lambda (x - q0)``. ``log_threshold`` is
    the natural logarithm of ``horizon / alpha``.
    """

    q0: float
    bets: tuple[float, ...]
    log_threshold: float

    def with_threshold(self, log_threshold: float) -> Detector:
        """Return the same detector with the threshold with which the stage run began."""
        return replace(self, log_threshold=log_threshold)

    def start(self) -> tuple[float, ...]:
        """Return the state without evidence."""
        return (-inf,) * len(self.bets)

    def step(self, state: Sequence[float], x: float) -> tuple[float, ...]:
        """Return the state after one conversation of badness ``x`` in [0, 1]."""
        if not 0.0 <= x <= 1.0:
            raise ValueError("Badness lies between 0 and 1.")
        distance = x - self.q0
        return tuple(
            _log1p_exp(held) + log1p(bet * distance)
            for held, bet in zip(state, self.bets, strict=True)
        )

    def log_evidence(self, state: Sequence[float]) -> float:
        """Return the logarithm of the mean evidence of all bets."""
        top = max(state)
        if top == -inf:
            return -inf
        total = sum(exp(held - top) for held in state)
        return top + log(total / len(state))

    def ratio(self, state: Sequence[float]) -> float:
        """Return the evidence in relation to the threshold: 0 is none, 1 fires."""
        return max(0.0, self.log_evidence(state) / self.log_threshold)

    def fires(self, state: Sequence[float]) -> bool:
        """Return whether the evidence reaches the threshold."""
        # The mean is never above the maximum, which is cheaper to compute.
        return (
            max(state) >= self.log_threshold
            and self.log_evidence(state) >= self.log_threshold
        )


def for_rate(
    *, q0: float, levels: Sequence[float], horizon: float, alpha: float
) -> Detector:
    """Return a detector of a rate above ``q0`` that finds these bad rates quickly.

    ``horizon``: the conversations expected during the time for which ``alpha`` is the
    probability of a false alarm.
    """
    bets = tuple(
        min((level - q0) / (q0 * (1.0 - q0)), MAX_LOSS / q0) for level in levels
    )
    return _checked(q0, bets, horizon, alpha)


def for_mean(
    *, q0: float, bets: Sequence[float], horizon: float, alpha: float
) -> Detector:
    """Return a detector of a mean above ``q0``, of quantities scaled to [0, 1]."""
    return _checked(q0, tuple(bets), horizon, alpha)


def _checked(
    q0: float, bets: tuple[float, ...], horizon: float, alpha: float
) -> Detector:
    if not (0.0 < q0 < 1.0 and bets and 0.0 < alpha < 1.0 and horizon >= 1.0):
        raise ValueError("A detector needs 0 < q0, alpha < 1, a bet and a horizon.")
    if not all(0.0 < bet < 1.0 / q0 for bet in bets):
        raise ValueError("A bet of 1 / q0 or more could lose everything.")
    return Detector(q0, bets, log(horizon / alpha))


def _log1p_exp(held: float) -> float:
    """Return log(1 + e**x) without overflow."""
    if held > 0:
        return held + log1p(exp(-held))
    return log1p(exp(held))


# A fired detector clears when its evidence stays below half of the threshold (in
# logarithms) for this time and this many conversations. It never returns to zero.
CALM_RATIO = 0.5
CALM = timedelta(minutes=30)
CALM_CONVERSATIONS = 20


@dataclass(frozen=True, slots=True)
class DetectorTrack:
    """The evidence so far: ``held`` is one logarithm a bet, ``bad`` the sum of `n` values."""

    held: tuple[float, ...]
    n: int = 0
    bad: float = 0.0
    fired_at: datetime | None = None
    fired_n: int = 0
    calm_since: datetime | None = None

    @property
    def has_fired(self) -> bool:
        return self.fired_at is not None


def start(detector: Detector) -> DetectorTrack:
    return DetectorTrack(detector.start())


def step(
    track: DetectorTrack, detector: Detector, x: float, now: datetime
) -> DetectorTrack:
    """Return the track after one conversation; a fired detector stays fired."""
    held = detector.step(track.held, x)
    fired_at, fired_n = track.fired_at, track.fired_n
    if fired_at is None and detector.fires(held):
        fired_at, fired_n = now, track.n + 1
    return DetectorTrack(
        held, track.n + 1, track.bad + x, fired_at, fired_n, track.calm_since
    )


def clear_if_calm(
    track: DetectorTrack, detector: Detector, now: datetime
) -> DetectorTrack:
    """Clear a fired detector whose evidence has been low for long enough."""
    if track.fired_at is None:
        return track
    if detector.ratio(track.held) >= CALM_RATIO:
        return replace(track, calm_since=None) if track.calm_since else track
    # A start in the future means that the clock was set back: begin again.
    since = track.calm_since
    if since is None or since > now:
        return replace(track, calm_since=now)
    if now - since >= CALM and track.n - track.fired_n >= CALM_CONVERSATIONS:
        return replace(track, fired_at=None, fired_n=0, calm_since=None)
    return track
