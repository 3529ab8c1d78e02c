"""Logistic regression in pure Python, found by stochastic gradients.

The result is the same on every machine.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 14
# The weights are the average of the last rounds.
AVERAGED = 8
RATE = 0.05
DECAY = 0.06
# A smaller error changes nothing.
NEGLIGIBLE = 0.01
# Features of fewer sentences, or of less weight, are left out.
RAREST = 3

type Row = tuple[list[int], float]


def indexed(
    features: Sequence[Sequence[str]], *, rarest: int = RAREST
) -> tuple[list[str], list[list[int]]]:
    """Return the names of frequent features, and the features of each sentence."""
    counts = Counter(chain.from_iterable(features))
    names = sorted(name for name in counts if counts[name] >= rarest)
    index = {name: at for at, name in enumerate(names)}
    return names, [[index[name] for name in own if name in index] for own in features]


def fit(
    rows: list[Row], size: int, *, decay: float = DECAY, seed: int = 11
) -> tuple[float, list[float]]:
    """Return the bias and the weights of the features."""
    chance = random.Random(seed)  # noqa: S311
    weights, squares = [0.0] * size, [1e-3] * size
    averages = [0.0] * size
    bias, bias_square = 0.0, 1e-3
    for place in range(ROUNDS):
        chance.shuffle(rows)
        for found, label in rows:
            total = bias + sum([weights[at] for at in found])
            error = 1 / (1 + math.exp(-max(min(total, 30.0), -30.0))) - label
            if abs(error) < NEGLIGIBLE:
                continue
            bias_square += error * error
            bias -= RATE * error / math.sqrt(bias_square)
            for at in found:
                step = error + decay * weights[at]
                squares[at] += step * step
                weights[at] -= RATE * step / math.sqrt(squares[at])
        if place >= ROUNDS - AVERAGED:
            averages = [
                a + w / AVERAGED for a, w in zip(averages, weights, strict=True)
            ]
    return bias, averages
