"""Find what makes a command doubtful: a question, a negation, a quotation, the past."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from agents.language.lexicons.vocabulary import LEXICONS, POLITE_COMMANDS
from agents.language.phrases import (
    Words,
    anywhere,
    at_start,
    found_in,
    phrase_in,
    vocabulary_of,
    words_of,
)
from agents.offline.slots import plain_signs

_QUOTED = re.compile(r"[\"“”„«»`]|^\s*>|(?<![^\W\d_])'[^']+\s[^']*'", re.MULTILINE)
_QUESTION = re.compile(r"[?？؟]")
_FIELDS = ("questions", "negations", "hearsay")
# "si" and "au" are words of several languages.
_SHORTEST_FOREIGN_WORD = 3
_WORD = re.compile(r"[^\W\d_]+")
# "Usifute", "msikubali", "ntimusibe", "ntagishaka": negated in any sentence.
_NEGATED = re.compile(r"(?:[um]si(?!n)|nt[iu]|ntag[iu])\w{3,}")


class Doubt(StrEnum):
    NONE = "none"
    # A request in the form of a question: needs the confirm button.
    POLITE = "polite"
    # A choice or an approximate amount: must be asked.
    UNSURE = "unsure"
    STOP = "stop"


def doubt_of(text: str, languages: frozenset[str]) -> Doubt:
    """Return how doubtful the text is as a plain request in one of these languages.

    Words of doubt in other languages count too, because people mix languages, unless they
    are ordinary words in one of the given languages.
    """
    text = plain_signs(text)
    words = words_of(text)
    if _QUOTED.search(text):
        return Doubt.STOP
    polite, words = _without_politeness(words)
    spoken = languages | {"en"}
    is_no_request = (
        any(_has(words, field, spoken) for field in _FIELDS)
        or any(is_past(text, words, language) for language in spoken)
        or any(
            _has_doubtful_prefix(word, spoken) or _NEGATED.fullmatch(word)
            for word in words
        )
    )
    if is_no_request:
        return Doubt.STOP
    if _has(words, "unsure", spoken):
        return Doubt.UNSURE
    if polite:
        return Doubt.POLITE
    return Doubt.STOP if _QUESTION.search(text) else Doubt.NONE


def is_report_of_void(text: str) -> bool:
    """Tell whether the text reports a void: "V7-... annulé", but not "doit être annulé"."""
    words = [found.casefold() for found in _WORD.findall(plain_signs(text))]
    return any(
        word in lexicon.voided and not set(words[:at]) & set(lexicon.to_be)
        for lexicon in LEXICONS.values()
        for at, word in enumerate(words)
    )


def is_quoted(text: str) -> bool:
    """Tell whether the text quotes another person."""
    return _QUOTED.search(plain_signs(text)) is not None


def _has(words: Words, field: str, spoken: frozenset[str]) -> bool:
    if anywhere(words, field, spoken):
        return True
    others = frozenset(LEXICONS) - spoken
    return not all(_is_ordinary(one, spoken) for one in found_in(words, field, others))


def _is_ordinary(phrase: Words, spoken: frozenset[str]) -> bool:
    is_short = len(phrase) == 1 and len(phrase[0]) < _SHORTEST_FOREIGN_WORD
    return is_short or any(phrase[0] in vocabulary_of(one) for one in spoken)


def _without_politeness(words: Words) -> tuple[bool, Words]:
    """Remove "can you" and "i need"; return whether the request was polite."""
    polite = False
    kept: list[str] = []
    while words:
        if found := at_start(words, "polite"):
            polite, words = True, found.rest
            continue
        if found := at_start(words, "wants"):
            words = found.rest
            continue
        polite = polite or words[0] in POLITE_COMMANDS
        kept.append(words[0])
        words = words[1:]
    return polite, tuple(kept)


def is_past(text: str, words: Words, language: str) -> bool:
    """Tell whether a word is in the past tense: "annulé", but not "annule"."""
    exact, plain = _past(language)
    if exact & {found.casefold() for found in _WORD.findall(text)}:
        return True
    return any(phrase[0] in words and phrase_in(words, phrase) for phrase in plain)


@cache
def _past(language: str) -> tuple[frozenset[str], tuple[Words, ...]]:
    """Return the past forms that need their accents, and the others as words."""
    past = LEXICONS[language].past
    exact = frozenset(entry for entry in past if not entry.isascii())
    return exact, tuple(words_of(entry) for entry in past if entry.isascii())


def _has_doubtful_prefix(word: str, languages: frozenset[str]) -> bool:
    return any(
        word.startswith(LEXICONS[language].doubtful_beginnings)
        and len(word) > 4
        and word not in vocabulary_of(language)
        for language in languages
    )
