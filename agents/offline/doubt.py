"""What makes a command no command: a question, a negation, a quotation, the past."""

from __future__ import annotations

import re
from enum import StrEnum

from agents.language.lexicons.vocabulary import LEXICONS, POLITE_COMMANDS
from agents.language.phrases import (
    Words,
    anywhere,
    at_start,
    phrase_in,
    phrases,
    vocabulary_of,
    words_of,
)
from agents.offline.slots import plain_signs

_QUOTED = re.compile(r"[\"“”„«»`]|^\s*>|(?<![^\W\d_])'[^']+\s[^']*'", re.MULTILINE)
_QUESTION = re.compile(r"[?？؟]")
_FIELDS = ("questions", "negations", "hearsay")
# "si" and "au" are words of too many languages.
_SHORTEST_STRANGER = 3
_WORD = re.compile(r"[^\W\d_]+")


class Doubt(StrEnum):
    NONE = "none"
    # A request in the form of a question: done only by a button.
    POLITE = "polite"
    # One thing of two, or about as much: asked back.
    UNSURE = "unsure"
    STOP = "stop"


def doubt_of(text: str, languages: frozenset[str]) -> Doubt:
    """Say whether the text may be a plain request in one of these languages.

    The words of doubt of the other languages count too, as people mix them, unless
    they mean something else in a language that is spoken here.
    """
    text = plain_signs(text)
    words = words_of(text)
    if _QUOTED.search(text):
        return Doubt.STOP
    polite, words = _without_politeness(words)
    spoken = languages | {"en"}
    is_no_request = (
        any(_has(words, field, spoken) for field in _FIELDS)
        or any(_is_past(text, words, language) for language in spoken)
        or any(_begins_doubtfully(word, spoken) for word in words)
    )
    if is_no_request:
        return Doubt.STOP
    if _has(words, "unsure", spoken):
        return Doubt.UNSURE
    if polite:
        return Doubt.POLITE
    return Doubt.STOP if _QUESTION.search(text) else Doubt.NONE


def _has(words: Words, field: str, spoken: frozenset[str]) -> bool:
    if anywhere(words, field, spoken):
        return True
    others = frozenset(LEXICONS) - spoken
    return any(
        phrase_in(words, phrase) and not _is_ordinary(phrase, spoken)
        for language in others
        for phrase in phrases(field, language)
    )


def _is_ordinary(phrase: Words, spoken: frozenset[str]) -> bool:
    is_short = len(phrase) == 1 and len(phrase[0]) < _SHORTEST_STRANGER
    return is_short or any(phrase[0] in vocabulary_of(one) for one in spoken)


def _without_politeness(words: Words) -> tuple[bool, Words]:
    """Take "can you" and "i need" away, wherever a sentence begins with them."""
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


def _is_past(text: str, words: Words, language: str) -> bool:
    """Find words of the past; "annulé" is one, "annule" is a command."""
    past = LEXICONS[language].past
    exact = {entry for entry in past if not entry.isascii()}
    plain_words = frozenset(entry for entry in past if entry.isascii())
    if exact & {found.casefold() for found in _WORD.findall(text)}:
        return True
    return any(phrase_in(words, words_of(entry)) for entry in plain_words)


def _begins_doubtfully(word: str, languages: frozenset[str]) -> bool:
    return any(
        word.startswith(LEXICONS[language].doubtful_beginnings)
        and len(word) > 4
        and not _is_known(word, language)
        for language in languages
    )


def _is_known(word: str, language: str) -> bool:
    """Say whether a word that begins doubtfully is none the less an ordinary one."""
    return word in vocabulary_of(language)
