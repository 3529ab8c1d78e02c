"""Statistics of the gates and charts: histograms, percentiles, confidence bounds. Pure.

Durations are counted in steps (100 ms up to 2 s, then coarser), so that the counts of
any period add up to a percentile. Those percentiles are for charts; verdicts count the
turns beyond 3, 5 and 10 seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from math import exp, lgamma, log, log1p, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

BOUNDS_MS: tuple[int, ...] = (
    *range(100, 2_000, 100),
    *range(2_000, 5_000, 250),
    *range(5_000, 10_000, 500),
    *range(10_000, 20_000, 1_000),
    *range(20_000, 60_001, 5_000),
)
BEYOND = "inf"


def counts(values_ms: Iterable[float]) -> dict[str, int]:
    """Return the number of values in each step that has any."""
    return dict(Counter(map(_step, values_ms)))


def histogram_percentile(found: Mapping[str, int], share: float) -> float | None:
    """Return the percentile in ms, interpolated between the bounds; None without values.

    Beyond the last bound the result is that bound.
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


# Bisections of [0, 1], beyond the precision of a float.
BISECTIONS = 60


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return P(X <= k) of n trials with probability ``p`` of success."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    return min(1.0, sum(exp(_log_term(i, n, p)) for i in range(k + 1)))


def clopper_pearson_lower(successes: int, n: int, alpha: float = 0.05) -> float:
    """Return the exact one-sided lower bound of a rate, with confidence 1 - alpha."""
    if successes <= 0 or n <= 0:
        return 0.0
    # The rate at which this many successes or more have the probability alpha.
    return _rising_root(lambda p: 1.0 - binomial_cdf(successes - 1, n, p), alpha)


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson interval, for display."""
    if n <= 0:
        return 0.0, 1.0
    rate = successes / n
    scale = 1.0 + z * z / n
    middle = (rate + z * z / (2 * n)) / scale
    spread = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    return max(0.0, middle - spread), min(1.0, middle + spread)


def percentile(ordered: Sequence[float], share: float = 0.95) -> float | None:
    """Return the nearest-rank percentile of sorted values."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 10_000) // 10_000))
    return ordered[rank - 1]


def _log_term(k: int, n: int, p: float) -> float:
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return ways + k * log(p) + (n - k) * log1p(-p)


def _rising_root(function: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if function(middle) < target:
            low = middle
        else:
            high = middle
    return low
