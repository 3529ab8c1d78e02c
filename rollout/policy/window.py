"""How bad it is now: the mean since the moment from which it speaks most of a change.

A window of fixed length is either blind at first or says long afterwards what was. So
the newest conversations are taken, back to where the same bets that a detector places
would have won most; where none would have won, all that is at hand. Pure.
"""

from __future__ import annotations

from math import log1p
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
