"""Months of conversations in seconds, and the same to the last digit.

Of a healthy agent most conversations are perfect. A run of them moves each bet's
holdings along a geometric series, so it is taken in one step instead of many.
"""

from __future__ import annotations

from math import exp, inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from rollout.policy.detector import Detector

CALLS = 5


def after_perfect(
    detector: Detector, state: tuple[float, ...], times: int
) -> tuple[float, ...]:
    """Return the state after that many conversations without any badness."""
    if not times:
        return state
    found = []
    for held, bet in zip(state, detector.bets, strict=True):
        keep = 1.0 - bet * detector.q0
        power = keep**times
        holdings = exp(held) if held > -inf else 0.0
        found.append(log(power * holdings + keep * (1.0 - power) / (1.0 - keep)))
    return tuple(found)


def iid(failing: float) -> list[float]:
    """Return how likely 0, 1, ... CALLS of a conversation's calls are to fail."""
    return [
        choose * failing**k * (1 - failing) ** (CALLS - k)
        for k, choose in enumerate((1, 5, 10, 10, 5, 1))
    ]


def bursts(
    healthy: float = 0.01, bad: float = 0.80, share: float = 0.025
) -> list[float]:
    """Return the same for failures two thirds of which sit in bad conversations."""
    return [
        (1 - share) * calm + share * burst
        for calm, burst in zip(iid(healthy), iid(bad), strict=True)
    ]


def month(
    chances: list[float], *, conversations: int, chance: Random
) -> Iterator[tuple[int, float]]:
    """Yield (perfect conversations before it, badness) until that many are over."""
    perfect, rest = chances[0], chances[1:]
    seen = 0
    while True:
        gap = int(log(1.0 - chance.random()) / log(perfect))
        seen += gap + 1
        if seen > conversations:
            return
        failed = chance.choices(range(1, CALLS + 1), rest)[0]
        yield gap, failed / CALLS


def fires_within(
    detector: Detector, chances: list[float], *, conversations: int, chance: Random
) -> bool:
    """Tell whether the detector fires within this number of conversations.

    Perfect ones alone never make it fire: they lead to a fixed point far below.
    """
    state = detector.start()
    for gap, x in month(chances, conversations=conversations, chance=chance):
        state = detector.step(after_perfect(detector, state, gap), x)
        if detector.fires(state):
            return True
    return False
