from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from agents.language.lexicons.vocabulary import LEXICONS
from agents.language.phrases import anywhere, phrases, words_of
from agents.language.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

# A greeting or a command of a language says more than its small words.
_TELLING = (
    *("greet", "thanks", "bye", "help", "yes", "no", "person_phrases"),
    *("create", "redeem", "void", "lookup", "list"),
)
# One small word alone ("la", "ya", "for") is also written by speakers of the others.
_CLEAR = 2


def choose_language(
    *, profile_language: str, texts: Iterable[str], last: str = ""
) -> str:
    """Return what she clearly writes, else what was last spoken, else her profile's.

    Where nothing is known of her, one word is better than none.
    """
    given = list(texts)
    known = (one for one in (last, profile_language) if one in LANGUAGES)
    return clear_language(given) or next(known, None) or detect_language(given) or "en"


def clear_language(texts: Iterable[str]) -> str | None:
    """Return the language of the words, when they leave no doubt about it."""
    best, runner_up = _ranked(texts)[:2]
    is_clear = best[0] >= _CLEAR and best[0] > runner_up[0]
    return best[1] if is_clear else None


def detect_language(texts: Iterable[str]) -> str | None:
    """Return the language that the words rather belong to, or None for a draw."""
    best, runner_up = _ranked(texts)[:2]
    return best[1] if best[0] > runner_up[0] else None


def _ranked(texts: Iterable[str]) -> list[tuple[int, str]]:
    words = words_of("\n".join(texts))
    scores = [(_score(words, language), language) for language in LEXICONS]
    return sorted(scores, reverse=True)


def _score(words: tuple[str, ...], language: str) -> int:
    score = sum(word in _markers(language) for word in words)
    return score + sum(anywhere(words, field, (language,)) for field in _TELLING)


@cache
def _markers(language: str) -> frozenset[str]:
    found = phrases("markers", language)
    return frozenset(phrase[0] for phrase in found if len(phrase) == 1)
