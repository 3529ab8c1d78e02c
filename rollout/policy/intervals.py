"""Bounds on rates and percentiles, exact and without tables. Pure."""

from __future__ import annotations

from math import exp, lgamma, log, log1p, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Halvings of [0, 1]: beyond the precision of a float.
HALVINGS = 60


def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return P(X <= k) for X of n trials, each a success with probability ``p``."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    return min(1.0, sum(exp(_log_term(i, n, p)) for i in range(k + 1)))


def clopper_pearson_lower(successes: int, n: int, alpha: float = 0.05) -> float:
    """Return the exact lower bound of a rate: one side, confidence 1 - alpha."""
    if successes <= 0 or n <= 0:
        return 0.0
    # The rate at which this many successes or more would be as rare as alpha.
    return _rising_root(lambda p: 1.0 - binomial_cdf(successes - 1, n, p), alpha)


def wilson(successes: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval, for showing."""
    if n <= 0:
        return 0.0, 1.0
    rate = successes / n
    scale = 1.0 + z * z / n
    middle = (rate + z * z / (2 * n)) / scale
    spread = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    return max(0.0, middle - spread), min(1.0, middle + spread)


def percentile(ordered: Sequence[float], share: float = 0.95) -> float | None:
    """Return the nearest-rank percentile of values in rising order."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 10_000) // 10_000))
    return ordered[rank - 1]


def _log_term(k: int, n: int, p: float) -> float:
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return ways + k * log(p) + (n - k) * log1p(-p)


def _rising_root(function: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if function(middle) < target:
            low = middle
        else:
            high = middle
    return low
