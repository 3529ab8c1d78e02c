"""One finished conversation as the detectors see it, and how bad it was. Pure.

Each measure gives one number from 0 (as it should be) to 1, or None where the
conversation says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

# A conversation counts with at most so many times its expected cost: a runaway is
# one bad conversation, not a hundred.
COST_SCALE = 10.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one conversation, or call, brought. `cost` None: its price is unknown."""

    channel: str
    at: datetime
    calls: int = 0
    failed: int = 0
    turns: int = 0
    slow_3s: int = 0
    slow_5s: int = 0
    slow_10s: int = 0
    cost: float | None = None
    has_failed: bool = False
    latencies_ms: tuple[int, ...] = field(default=(), repr=False)


type Measure = Callable[[Evidence, float], float | None]


def failing(evidence: Evidence, expected_cost: float) -> float | None:
    """Return the share of what was tried that failed, as everywhere it is shown."""
    if evidence.calls:
        return evidence.failed / evidence.calls
    return 1.0 if evidence.has_failed else None


def slower_than_3s(evidence: Evidence, expected_cost: float) -> float | None:
    return evidence.slow_3s / evidence.turns if evidence.turns else None


def slower_than_5s(evidence: Evidence, expected_cost: float) -> float | None:
    return evidence.slow_5s / evidence.turns if evidence.turns else None


def slower_than_10s(evidence: Evidence, expected_cost: float) -> float | None:
    return evidence.slow_10s / evidence.turns if evidence.turns else None


def costing(evidence: Evidence, expected_cost: float) -> float | None:
    """Return the cost on a scale where a tenth is what is expected."""
    if evidence.cost is None:
        return None
    return min(evidence.cost / (COST_SCALE * expected_cost), 1.0)


def since_change(xs: Sequence[float], *, q0: float, bets: Sequence[float]) -> int:
    """Return the index in `xs`, newest last, from which on it has been bad."""
    best, start = 0.0, 0
    for bet in bets:
        won = 0.0
        for index in range(len(xs) - 1, -1, -1):
            won += log1p(bet * (xs[index] - q0))
            if won > best:
                best, start = won, index
    return start


def mean(xs: Sequence[float]) -> float:
    return sum(xs) / len(xs) if xs else 0.0
