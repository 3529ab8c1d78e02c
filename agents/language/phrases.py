"""Find words and phrases of the lexicons in a text, ignoring accents and case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from agents.language.lexicons.vocabulary import LEXICONS, VOUCHER_WORDS, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?|[#;]")
_ELISION = re.compile(r"\b(qu|[jndlscmt])'(?=\w)")
_SHORTEST_TYPO = 5
# Other forms of a word, not typos: "created", "issues".
_OTHER_FORM = ("ed", "d", "s", "ing", "er", "ion", "ers", "or")

# Fields whose phrases apply to every word for a voucher.
ANY_VOUCHER = ("list", "create")

type Words = tuple[str, ...]
# Place of the language, length below zero, language, phrase: in the order of preference.
type Candidate = tuple[int, int, str, Words]


@dataclass(frozen=True)
class FoundPhrase:
    """The language of a found phrase, and the words after it."""

    language: str
    rest: Words


def words_of(text: str) -> Words:
    """Return the folded words, split at French elisions and hyphens."""
    folded = fold(text.replace("’", "'"))
    return tuple(_TOKEN.findall(_ELISION.sub(r"\1' ", folded)))


@cache
def phrases(field: str, language: str) -> tuple[Words, ...]:
    """Return the phrases of a field as words, longest first."""
    entries = {words_of(entry) for entry in getattr(LEXICONS[language], field)}
    if field in ANY_VOUCHER:
        # "vouchers" alone asks for the list, "voucher" alone for nothing.
        entries = {e if len(e) == 1 else with_one_voucher_word(e) for e in entries}
    return tuple(sorted((e for e in entries if e), key=lambda e: (-len(e), e)))


@cache
def _by_first_word(field: str, language: str) -> dict[str, list[Words]]:
    """Return the phrases by first word, as an index for `anywhere`."""
    found: dict[str, list[Words]] = {}
    for phrase in phrases(field, language):
        found.setdefault(phrase[0], []).append(phrase)
    return found


def with_one_voucher_word(words: Words) -> Words:
    """Replace "vocha", "bon" and "vouchers" by "voucher"."""
    return tuple("voucher" if is_voucher_word(word) else word for word in words)


@lru_cache(maxsize=4_096)
def is_voucher_word(word: str) -> bool:
    return (
        word in VOUCHER_WORDS or is_typo(word, "voucher") or is_typo(word, "vouchers")
    )


@cache
def vocabulary_of(language: str) -> frozenset[str]:
    lexicon = LEXICONS[language]
    entries = (value for value in vars(lexicon).values() if isinstance(value, tuple))
    return frozenset(
        word
        for entry in chain.from_iterable(entries)
        for word in words_of(entry if isinstance(entry, str) else entry[0])
    )


@cache
def vocabulary() -> frozenset[str]:
    """Return all known words: none of them is a typo of another."""
    return frozenset(chain.from_iterable(vocabulary_of(one) for one in LEXICONS))


@cache
def _starting(field: str, *, letters: bool) -> dict[str, list[Candidate]]:
    """Return the phrases of all languages by first word, or by its first letter."""
    found: dict[str, list[Candidate]] = {}
    for place, language in enumerate(LEXICONS):
        for phrase in phrases(field, language):
            key = phrase[0][0] if letters else phrase[0]
            found.setdefault(key, []).append((place, -len(phrase), language, phrase))
    return found


def at_start(words: Words, field: str, *, typos: bool = False) -> FoundPhrase | None:
    """Return the longest phrase of any language at the start of the words."""
    if not words:
        return None
    plain_words = with_one_voucher_word(words) if field in ANY_VOUCHER else words
    # The index finds the few phrases that can match: this runs for each message. A typo
    # leaves the first letter.
    index = _starting(field, letters=typos)
    keys = {first[:1] if typos else first for first in (words[0], plain_words[0])}
    candidates = [one for key in keys for one in index.get(key, ())]
    if len(keys) > 1:
        candidates.sort()
    language, length = "", 0
    for _, _, spoken, phrase in candidates:
        read = words if len(phrase) == 1 else plain_words
        if len(phrase) > length and _begins(read, phrase, typos=typos):
            language, length = spoken, len(phrase)
    return FoundPhrase(language, words[length:]) if length else None


def is_whole(words: Words, field: str) -> FoundPhrase | None:
    found = at_start(words, field)
    return found if found and not found.rest else None


def anywhere(words: Words, field: str, languages: Iterable[str] = ()) -> bool:
    return any(True for _ in found_in(words, field, languages or LEXICONS))


def found_in(words: Words, field: str, languages: Iterable[str]) -> Iterator[Words]:
    """Yield the phrases of a field that are anywhere in the words."""
    said = set(words)
    for language in languages:
        index = _by_first_word(field, language)
        for word in said & index.keys():
            yield from (one for one in index[word] if phrase_in(words, one))


def is_about_messages(text: str) -> bool:
    """Tell whether a word is about our messages, or about writing to a person."""
    folded = fold(text)
    return any(part in folded for one in LEXICONS.values() for part in one.messages)


def phrase_in(words: Words, phrase: Words) -> bool:
    size = len(phrase)
    return any(words[at : at + size] == phrase for at in range(len(words) - size + 1))


def _begins(words: Words, phrase: Words, *, typos: bool) -> bool:
    if len(words) < len(phrase):
        return False
    return all(
        word == wanted or (typos and is_typo(word, wanted))
        for word, wanted in zip(words, phrase, strict=False)
    )


def is_typo(word: str, wanted: str) -> bool:
    """Tell whether the word is the wanted word with one typo."""
    if len(wanted) < _SHORTEST_TYPO or word[:1] != wanted[:1] or word in vocabulary():
        return False
    if abs(len(word) - len(wanted)) > 1 or word == wanted:
        return False
    if word.startswith(wanted[:-1]) and word.endswith(_OTHER_FORM):
        return False
    if len(word) == len(wanted):
        wrong = [
            i
            for i, pair in enumerate(zip(word, wanted, strict=True))
            if pair[0] != pair[1]
        ]
        swapped = (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and word[wrong[0]] == wanted[wrong[1]]
            and word[wrong[1]] == wanted[wrong[0]]
        )
        return len(wrong) == 1 or swapped
    longer, shorter = (word, wanted) if len(word) > len(wanted) else (wanted, word)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
