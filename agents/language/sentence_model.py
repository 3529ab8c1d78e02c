"""Score a sentence: which intent and which language it has, by trained weights.

A linear model over words, pairs of words and parts of words (multinomial logistic
regression). `make train` computes the weights from `scripts/sentence_training`. The file is
read when the first sentence is scored.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

from agents.language.lexicons.vocabulary import fold
from vouchers.msisdn import find_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

WEIGHTS = Path(__file__).with_name("sentence_weights.json.gz")
# A weight is stored as one character: ZERO and the weight in parts of 1 / SCALE.
SCALE = 30
ZERO = 79
LARGEST = 46
PARTS = (3, 4, 5)
# Parts that reach from one word into the next.
ACROSS = (4, 5)
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
    """The logit of each intent, and the share of each language among all."""

    logits: dict[str, float]
    languages: dict[str, float]

    @cached_property
    def intents(self) -> dict[str, float]:
        """The share of each intent among all, the likeliest first."""
        shares = _shares(self.logits)
        return dict(sorted(shares.items(), key=lambda one: -one[1]))

    @property
    def best(self) -> tuple[str, float]:
        return next(iter(self.intents.items()))

    @property
    def second(self) -> tuple[str, float]:
        return list(self.intents.items())[1]

    def without(self, labels: Collection[str]) -> Scores:
        """Return the scores of the other intents."""
        kept = {name: one for name, one in self.logits.items() if name not in labels}
        return Scores(kept, self.languages)


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
    return Scores(intents, _shares(languages))


def _shares(logits: dict[str, float]) -> dict[str, float]:
    """Return each label's share among the others."""
    highest = max(logits.values())
    powers = {label: math.exp(one - highest) for label, one in logits.items()}
    total = sum(powers.values())
    return {label: one / total for label, one in powers.items()}


def features_of(text: str) -> Iterator[str]:
    """Yield the words, pairs of words, and parts of words and of their pairs."""
    words = tokens_of(text)
    bounded = ["^", *words, "$"]
    yield f"#{min(len(words), 8)}"
    yield from words
    for one, two in pairwise(bounded):
        yield f"{one} {two}"
    for word in set(words):
        edged = f"<{word}>"
        for size in PARTS:
            for at in range(len(edged) - size + 1):
                yield f"_{edged[at : at + size]}"
    line = f"^{' '.join(words)}$"
    for size in ACROSS:
        for at in range(len(line) - size + 1):
            if " " in line[at + 1 : at + size - 1]:
                yield f"~{line[at : at + size]}"


def tokens_of(text: str) -> list[str]:
    """Return the words without accents; "@v", "@n" and "@a" stand for values.

    They are a voucher's code or reference, a telephone number, and other digits.
    """
    text = _VOUCHER.sub(" @v ", text[:LONGEST])
    for found in reversed(find_numbers(text)):
        text = f"{text[: found.start]} @n {text[found.end :]}"
    text = _PAST.sub("e @p ", _DIGITS.sub(" @a ", text))
    return _TOKEN.findall(_DRAWN.sub(r"\1\1", fold(text)))


@dataclass(frozen=True)
class Weights:
    """The weights of each feature: one byte for each label."""

    labels: list[str]
    bias: list[int]
    of: dict[str, bytes]


@lru_cache(maxsize=1)
def _weights() -> Weights:
    loaded = json.loads(gzip.decompress(WEIGHTS.read_bytes()))
    of = {name: own.encode("ascii") for name, own in loaded["weights"].items()}
    return Weights(loaded["labels"], loaded["bias"], of)


def forget() -> None:
    """Let the next sentence read the weights again, after training."""
    score.cache_clear()
    _weights.cache_clear()
