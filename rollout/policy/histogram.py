"""Durations counted by steps, so that sums of any while give a percentile. Pure.

Steps of 100 ms up to 2 s, then coarser. Percentiles from here are for charts and pages;
verdicts count the turns beyond 3, 5 and 10 seconds, which are bounds of steps too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BOUNDS_MS: tuple[int, ...] = (
    *range(100, 2_000, 100),
    *range(2_000, 5_000, 250),
    *range(5_000, 10_000, 500),
    *range(10_000, 20_000, 1_000),
    *range(20_000, 60_001, 5_000),
)
BEYOND = "inf"


def counts(values_ms: Iterable[float]) -> dict[str, int]:
    """Return how many values there are up to each bound that has any."""
    return dict(Counter(map(_step, values_ms)))


def percentile(found: Mapping[str, int], share: float) -> float | None:
    """Return the percentile in ms, read off between the bounds; None without values.

    Beyond the last bound it is that bound: at least so slow.
    """
    total = sum(found.values())
    if not total:
        return None
    wanted = share * total
    below = 0
    least = 0
    for bound in BOUNDS_MS:
        here = found.get(str(bound), 0)
        if here and below + here >= wanted:
            return least + (bound - least) * max(wanted - below, 0.0) / here
        below += here
        least = bound
    return float(BOUNDS_MS[-1])


def _step(value_ms: float) -> str:
    place = bisect_left(BOUNDS_MS, value_ms)
    return str(BOUNDS_MS[place]) if place < len(BOUNDS_MS) else BEYOND
