"""Score a sentence of the model: how likely does it tell a result, or ask for a secret.

The score is a linear model over words and parts of words. `scripts/train_replies.py`
computes the weights from sentences in four languages. Where most words are unknown, the
sentence is in doubt.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from agents.language.normalise import plain
from agents.llm.reply_words import class_of

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = Path(__file__).with_name("reply_weights.json")
PARTS = (3, 4)
TOKEN = re.compile(r"[a-z]+|\d[\d.,' ]*\d|\d|\+")
# A claim after a polite beginning is a clause of its own.
BETWEEN = re.compile(
    r"[,:()—–\"«»“”]|\s-\s|\b(?:and|but|so|because|et|mais|donc|car|kandi|ariko|none"
    r"|lakini|hivyo)\b",
    re.IGNORECASE,
)
# Added where all words of a statement are unknown, and less where only most of them are;
# a question claims less.
UNKNOWN = 3.0
# A longer unknown word may be several words written together, so it counts twice.
LONG_WORD = 17
# Weights are stored as whole numbers.
SCALE = 100


def score(sentence: str) -> float:
    """Return a number above 0 for a sentence that should not be sent."""
    weights = _weights()
    found = set(features_of(sentence))
    total = (weights[""] + sum(weights.get(name, 0) for name in found)) / SCALE
    words = {name for name in found if name.isalpha()}
    # Not `words - weights.keys()`, which looks at every key.
    unknown = sum(1 + (len(word) > LONG_WORD) for word in words if word not in weights)
    if not words or "?" in found:
        return total
    return total + UNKNOWN * max(2 * unknown / len(words) - 1, 0.0)


def clauses_of(sentence: str) -> list[str]:
    """Return the clauses of a sentence that has several."""
    parts = [part.strip() for part in BETWEEN.split(sentence)]
    kept = [part for part in parts if TOKEN.search(plain(part))]
    return kept if len(kept) > 1 else []


def features_of(sentence: str) -> Iterator[str]:
    """Yield the words, pairs of words, beginnings and parts of words of the sentence."""
    text = plain(sentence)
    words = ["#" if word[0].isdigit() else word for word in TOKEN.findall(text)]
    mark = "?" if text.rstrip(" \"'»*_)").endswith("?") else "."
    yield mark
    yield f"{mark}{min(len(words), 6)}"
    bounded = ["^", *words, "$"]
    yield from words
    for one, two in pairwise(bounded):
        yield f"{one} {two}"
    for one, two, three in zip(bounded, bounded[1:], bounded[2:], strict=False):
        yield f"{one} {two} {three}"
    for word in words[:2]:
        yield f"{mark}^{word}"
    yield from _classes(words, mark)
    for word in set(words):
        edged = f"<{word}>"
        for size in PARTS:
            for at in range(len(edged) - size + 1):
                yield f"_{edged[at : at + size]}"


def _classes(words: list[str], mark: str) -> Iterator[str]:
    classes = ["^", *map(class_of, words), "$"]
    yield f"@{mark}{' '.join(classes[:3])}"
    for size in (1, 2, 3):
        for at in range(len(classes) - size + 1):
            yield f"@{' '.join(classes[at : at + size])}"


@cache
def _weights() -> dict[str, int]:
    loaded: dict[str, int] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return loaded
