"""Score a sentence: which intent and which language it has, by trained weights.

A linear model over words, pairs of words and parts of words, one for each intent and
language. `make train` computes the weights from `scripts/sentence_training`. The file is
read when the first sentence is scored.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

from agents.language.lexicons.vocabulary import fold
from vouchers.msisdn import find_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = Path(__file__).with_name("sentence_weights.json")
# A weight is stored as one character: ZERO and the weight in parts of 1 / SCALE.
SCALE = 30
ZERO = 79
LARGEST = 46
PARTS = (2, 3, 4, 5)
LONGEST = 1_000
_VOUCHER = re.compile(
    r"\[(?:mistyped |part of a )?code[^\]]*\]|(?<![\w-])v\w-\w{4}-\w{2}(?![\w-])"
    r"|(?<![\w-])v(?=\w*\d)\w{7}(?![\w-])|(?<!\d)\d[\d _.\-]{11,}\d(?!\d)",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"#|\S*\d\S*(?: \d{3}\b)*")
# "Annulé", but not "annule".
_PAST = re.compile(r"(?<=[^\W\d_])\u00e9e?s?\b(?!-)", re.IGNORECASE)
_TOKEN = re.compile(r"@[vnap]|[^\W\d_]+|[?؟？]")
_DRAWN = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True)
class Scores:
    """The share of each intent among all, and of each language."""

    intents: dict[str, float]
    languages: dict[str, float]
    # The probability of the likeliest intent by itself: low for an unknown sentence.
    certainty: float

    @property
    def best(self) -> tuple[str, float]:
        return max(self.intents.items(), key=lambda one: one[1])

    @property
    def second(self) -> tuple[str, float]:
        return sorted(self.intents.items(), key=lambda one: -one[1])[1]


@lru_cache(maxsize=256)
def score(text: str) -> Scores:
    """Return the scores of the text, its codes replaced by placeholders."""
    weights = _weights()
    totals = weights.bias
    count = 0
    for name in set(features_of(text)):
        if (own := weights.of.get(name)) is not None:
            totals = list(map(add, totals, own))
            count += 1
    logits = {
        label: (total - ZERO * count) / SCALE
        for label, total in zip(weights.labels, totals, strict=True)
    }
    intents = {label: one for label, one in logits.items() if ":" not in label}
    languages = {
        label.partition(":")[2]: one for label, one in logits.items() if ":" in label
    }
    return Scores(
        _shares(intents), _shares(languages), probability(max(intents.values()))
    )


def _shares(logits: dict[str, float]) -> dict[str, float]:
    """Return each label's share among the others."""
    highest = max(logits.values())
    powers = {label: math.exp(one - highest) for label, one in logits.items()}
    total = sum(powers.values())
    return {label: one / total for label, one in powers.items()}


def features_of(text: str) -> Iterator[str]:
    """Yield the words, pairs, beginnings and parts of words of the text."""
    words = tokens_of(text)
    bounded = ["^", *words, "$"]
    yield f"#{min(len(words), 8)}"
    yield from words
    for one, two in pairwise(bounded):
        yield f"{one} {two}"
    for one, two, three in zip(bounded, bounded[1:], bounded[2:], strict=False):
        yield f"{one} {two} {three}"
    for word in set(words):
        edged = f"<{word}>"
        for size in PARTS:
            for at in range(len(edged) - size + 1):
                yield f"_{edged[at : at + size]}"


def tokens_of(text: str) -> list[str]:
    """Return the words without accents; "@v", "@n" and "@a" stand for values.

    They are a voucher's code or reference, a telephone number, and other digits.
    """
    text = _VOUCHER.sub(" @v ", text[:LONGEST])
    for found in reversed(find_numbers(text)):
        text = f"{text[: found.start]} @n {text[found.end :]}"
    text = _PAST.sub("e @p ", _DIGITS.sub(" @a ", text))
    return _TOKEN.findall(_DRAWN.sub(r"\1\1", fold(text)))


def probability(total: float) -> float:
    return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


@dataclass(frozen=True)
class Weights:
    """The weights of each feature: one byte for each label."""

    labels: list[str]
    bias: list[int]
    of: dict[str, bytes]


@lru_cache(maxsize=1)
def _weights() -> Weights:
    loaded = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    of = {name: own.encode("ascii") for name, own in loaded["weights"].items()}
    return Weights(loaded["labels"], loaded["bias"], of)
