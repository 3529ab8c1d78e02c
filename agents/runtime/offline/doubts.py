"""What makes a command no command: a question, a negation, a quotation, the past."""

from __future__ import annotations

import re
from enum import StrEnum

from agents.runtime.offline.phrases import (
    Words,
    anywhere,
    at_start,
    phrase_in,
    words_of,
)
from agents.runtime.offline.slots import plain
from agents.runtime.offline.words import LEXICONS

_QUOTED = re.compile(r"[\"“”„«»`]|^\s*>|(?<![^\W\d_])'[^']+\s[^']*'", re.MULTILINE)
_QUESTION = re.compile(r"[?？؟]")
_FIELDS = ("questions", "negations", "hearsay")
_WORD = re.compile(r"[^\W\d_]+")


class Doubt(StrEnum):
    NONE = "none"
    # A request in the form of a question: done only by a button.
    POLITE = "polite"
    STOP = "stop"


def doubt_of(text: str, languages: frozenset[str]) -> Doubt:
    """Say whether the text may be a plain request in one of these languages."""
    text = plain(text)
    words = words_of(text)
    if _QUOTED.search(text):
        return Doubt.STOP
    polite, words = _without_politeness(words)
    spoken = languages | {"en"}
    if any(anywhere(words, field, spoken) for field in _FIELDS):
        return Doubt.STOP
    if any(_is_past(text, words, language) for language in spoken):
        return Doubt.STOP
    if any(_begins_doubtfully(word, spoken) for word in words):
        return Doubt.STOP
    if polite:
        return Doubt.POLITE
    return Doubt.STOP if _QUESTION.search(text) else Doubt.NONE


def _without_politeness(words: Words) -> tuple[bool, Words]:
    """Take "can you" away, wherever a sentence begins with it."""
    polite = False
    kept: list[str] = []
    while words:
        if found := at_start(words, "polite"):
            polite, words = True, found.rest
            continue
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
    lexicon = LEXICONS[language]
    return word in lexicon.voucher or word in lexicon.at or word in lexicon.markers
