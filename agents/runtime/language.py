from __future__ import annotations

from typing import TYPE_CHECKING

from agents.runtime.offline.phrases import anywhere, phrases, words_of
from agents.runtime.offline.words import LEXICONS
from agents.runtime.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

# A greeting or a command of a language says more than its small words.
_TELLING = ("greet", "thanks", "help", "create", "redeem", "void", "list")


def choose_language(
    *, profile_language: str, texts: Iterable[str], last: str = ""
) -> str:
    """Return the person's language: her own choice, what she writes, what she wrote."""
    if profile_language in LANGUAGES:
        return profile_language
    return detect_language(texts) or (last if last in LANGUAGES else "en")


def detect_language(texts: Iterable[str]) -> str | None:
    """Return the language that the words give away, or None when they do not."""
    words = words_of("\n".join(texts))
    scores = {language: _score(words, language) for language in LEXICONS}
    best = max(scores.values())
    winners = [language for language, score in scores.items() if score == best]
    return winners[0] if best and len(winners) == 1 else None


def _score(words: tuple[str, ...], language: str) -> int:
    markers = {phrase[0] for phrase in phrases("markers", language) if len(phrase) == 1}
    score = sum(word in markers for word in words)
    return score + sum(anywhere(words, field, (language,)) for field in _TELLING)
