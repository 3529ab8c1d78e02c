"""What one detector has gathered so far, and when it has fired or calmed down. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout.policy.detector import Detector

# Fired evidence clears when it stays below half its threshold (in logarithms) for so
# long and so many conversations. It never returns to nothing: that is its nature.
CALM_RATIO = 0.5
CALM = timedelta(minutes=30)
CALM_CONVERSATIONS = 20


@dataclass(frozen=True, slots=True)
class Track:
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


def start(detector: Detector) -> Track:
    return Track(detector.start())


def step(track: Track, detector: Detector, x: float, now: datetime) -> Track:
    """Take one conversation in; once enough, the evidence stays fired."""
    held = detector.step(track.held, x)
    fired_at, fired_n = track.fired_at, track.fired_n
    if fired_at is None and detector.fires(held):
        fired_at, fired_n = now, track.n + 1
    return Track(held, track.n + 1, track.bad + x, fired_at, fired_n, track.calm_since)


def rest(track: Track, detector: Detector, now: datetime) -> Track:
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
