"""Detect the language of a text. `choice.py` decides on the language of a reply."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from agents.language.lexicons.vocabulary import LEXICONS
from agents.language.phrases import anywhere, phrases, words_of
from agents.language.sentence_model import score, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# A greeting or a command shows the language better than small words.
_STRONG_FIELDS = (
    *("greet", "thanks", "bye", "help", "yes", "no", "person_phrases"),
    *("create", "redeem", "void", "lookup", "list"),
)
# One small word ("la", "ya", "for") is not enough.
_CLEAR = 2
# The trained model decides alone from this share and this number of words on.
_SURE, _FEWEST = 0.85, 3
# It decides between languages that the words leave open.
_LIKELY = 0.6


def clear_language(texts: Iterable[str]) -> str | None:
    """Return the language of the texts, when it is clear."""
    texts = list(texts)
    if found := _surely(texts, share=_SURE):
        return found
    best, runner_up = _ranked(texts)[:2]
    is_clear = best[0] >= _CLEAR and best[0] > runner_up[0]
    return best[1] if is_clear else None


def detect_language(texts: Iterable[str]) -> str | None:
    """Return the most likely language of the texts, or None.

    Where the words tie, the trained model decides: in "niko kwenye pampu code ni" no word
    is in the word lists.
    """
    texts = list(texts)
    best, runner_up = _ranked(texts)[:2]
    if best[0] > runner_up[0]:
        return best[1]
    return _surely(texts, share=_LIKELY)


def _surely(texts: Iterable[str], share: float) -> str | None:
    """Return the language that has this share in the trained model."""
    text = "\n".join(texts)
    if len(tokens_of(text)) < _FEWEST:
        return None
    ranked = sorted(score(text).languages.items(), key=lambda one: -one[1])
    language, found = ranked[0]
    return language if found >= share else None


def _ranked(texts: Iterable[str]) -> list[tuple[int, str]]:
    words = words_of("\n".join(texts))
    scores = [(_score(words, language), language) for language in LEXICONS]
    return sorted(scores, reverse=True)


def _score(words: tuple[str, ...], language: str) -> int:
    score = sum(word in _markers(language) for word in words)
    return score + sum(anywhere(words, field, (language,)) for field in _STRONG_FIELDS)


@cache
def _markers(language: str) -> frozenset[str]:
    found = phrases("markers", language)
    return frozenset(phrase[0] for phrase in found if len(phrase) == 1)
