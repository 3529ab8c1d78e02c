"""The e-detector: evidence that a rate has gone bad, looked at after every conversation.

A mixture of Shiryaev-Roberts processes over a fixed set of bets (Shin, Ramdas, Rinaldo
2024; bets after Waudby-Smith and Ramdas). One conversation gives one badness ``x`` in
[0, 1]; nothing else is assumed of it. When the truth is no worse than ``q0``, the chance
of firing at all within ``horizon`` conversations is at most ``alpha``, however often one
looks. Pure: floats in, floats out; the state is small, storable and replayable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


# A bet may lose at most this share of what it holds.
MAX_LOSS = 0.99


@dataclass(frozen=True, slots=True)
class Detector:
    """What is tested (``q0``), against which bad levels, at which price.

    ``bets`` are the factors lambda of ``1 + lambda (x - q0)``; ``log_threshold`` is
    the natural logarithm of ``horizon / alpha``.
    """

    q0: float
    bets: tuple[float, ...]
    log_threshold: float

    def with_threshold(self, log_threshold: float) -> Detector:
        """Return the same bets at another price: that with which a stay began."""
        return replace(self, log_threshold=log_threshold)

    def start(self) -> tuple[float, ...]:
        """Return the state before any evidence."""
        return (-inf,) * len(self.bets)

    def step(self, state: Sequence[float], x: float) -> tuple[float, ...]:
        """Return the state after one conversation of badness ``x`` in [0, 1]."""
        if not 0.0 <= x <= 1.0:
            raise ValueError("Badness lies between 0 and 1.")
        distance = x - self.q0
        return tuple(
            _log_of_one_more(held) + log1p(bet * distance)
            for held, bet in zip(state, self.bets, strict=True)
        )

    def log_evidence(self, state: Sequence[float]) -> float:
        """Return the logarithm of the evidence: the mean over all bets."""
        top = max(state)
        if top == -inf:
            return -inf
        total = sum(exp(held - top) for held in state)
        return top + log(total / len(state))

    def ratio(self, state: Sequence[float]) -> float:
        """Return how far the evidence has come towards firing: 1 fires, 0 is none."""
        return max(0.0, self.log_evidence(state) / self.log_threshold)

    def fires(self, state: Sequence[float]) -> bool:
        """Return whether the evidence is enough."""
        # The mean is never above the highest: mostly that is all there is to ask.
        return (
            max(state) >= self.log_threshold
            and self.log_evidence(state) >= self.log_threshold
        )


def for_rate(
    *, q0: float, levels: Sequence[float], horizon: float, alpha: float
) -> Detector:
    """Return a detector of a share worse than ``q0``, tuned to these bad shares.

    ``horizon``: conversations expected in the time that ``alpha``, the budget for a
    false alarm, is meant for.
    """
    bets = tuple(
        min((level - q0) / (q0 * (1.0 - q0)), MAX_LOSS / q0) for level in levels
    )
    return _checked(q0, bets, horizon, alpha)


def for_mean(
    *, q0: float, bets: Sequence[float], horizon: float, alpha: float
) -> Detector:
    """Return a detector of a mean above ``q0``, for quantities scaled to [0, 1]."""
    return _checked(q0, tuple(bets), horizon, alpha)


def _checked(
    q0: float, bets: tuple[float, ...], horizon: float, alpha: float
) -> Detector:
    if not (0.0 < q0 < 1.0 and bets and 0.0 < alpha < 1.0 and horizon >= 1.0):
        raise ValueError("A detector needs 0 < q0, alpha < 1, a bet and a horizon.")
    if not all(0.0 < bet < 1.0 / q0 for bet in bets):
        raise ValueError("A bet of 1 / q0 or more could lose everything.")
    return Detector(q0, bets, log(horizon / alpha))


def _log_of_one_more(held: float) -> float:
    """Return log(1 + e**held) without overflow."""
    if held > 0:
        return held + log1p(exp(-held))
    return log1p(exp(held))


# Fired evidence clears when it stays below half its threshold (in logarithms) for so
# long and so many conversations. It never returns to nothing: that is its nature.
CALM_RATIO = 0.5
CALM = timedelta(minutes=30)
CALM_CONVERSATIONS = 20


@dataclass(frozen=True, slots=True)
class DetectorTrack:
    """`held`: one logarithm a bet. `bad`: the sum of all badness over `n`."""

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
    """Take one conversation in; once enough, the evidence stays fired."""
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
    """Look once a minute whether fired evidence has become calm for long enough."""
    if track.fired_at is None:
        return track
    if detector.ratio(track.held) >= CALM_RATIO:
        return replace(track, calm_since=None) if track.calm_since else track
    # A clock that was set back must not make the calm seem long, nor never begin.
    since = track.calm_since
    if since is None or since > now:
        return replace(track, calm_since=now)
    if now - since >= CALM and track.n - track.fired_n >= CALM_CONVERSATIONS:
        return replace(track, fired_at=None, fired_n=0, calm_since=None)
    return track
