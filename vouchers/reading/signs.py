"""Read the single characters of a text: digits of any script, marks and separators."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Direction marks of a number that was copied from contacts.
PASTED_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
INVISIBLE = frozenset({"Cf", "Mn", "Me", "Cn", "Co", "Cs"})
# Letters for Unicode that have no shape, and the line that lengthens Arabic words.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u0640")
# What stands for a code, or for the encoded blank of a copied link.
PLACEHOLDER = re.compile(
    r"(?P<wall>\[(?:mistyped |part of a )?code(?: \d{1,3})?\]|\{code:[^}]{0,64}\})"
    r"|(?P<blank>(?:%(?:20|2[dD]|09|0[aAdD]|[cC]2%[aA]0)|&(?:nbsp|ensp|emsp|thinsp);|<br ?/?>)"
    r"|\\u[0-9a-fA-F]{4}|\\[nrt])"
)


class Token(NamedTuple):
    """A run of digits, a word, or something that ends a number ("wall")."""

    kind: str
    # ASCII digits, or the word in lower case without accents.
    value: str
    # The index of its text, and its position there.
    text: int
    start: int
    end: int
    # The visible characters between it and the token before.
    gap: str


@lru_cache(maxsize=4_096)
def digit_of(char: str) -> str:
    """Return the digits that a character stands for, or ""."""
    if char.isascii():
        return char if char.isdigit() else ""
    if char == "\U0001f51f":
        return "10"
    value = unicodedata.numeric(char, -1.0)
    return str(int(value)) if value in _WHOLE else ""


_WHOLE = frozenset(float(number) for number in range(21))


@lru_cache(maxsize=4_096)
def kind_of(char: str) -> str:
    """Return digit, letter, mark (invisible) or gap."""
    if digit_of(char):
        return "digit"
    if char in BLANK_LETTERS or char in "\t\n\r":
        return "gap"
    category = unicodedata.category(char)
    if category in INVISIBLE or category == "Cc":
        return "mark"
    return "letter" if category.startswith("L") else "gap"


def tokens_of(text: str, index: int = 0) -> Iterator[Token]:
    """Yield the tokens of a text with their positions."""
    end, gap = 0, ""
    for found in PLACEHOLDER.finditer(text):
        for token in _plain(text, index, end, found.start(), gap):
            yield token
            gap = ""
        gap = _gap_after(text, end, found.start(), gap)
        end = found.end()
        if found["wall"]:
            yield Token("wall", "", index, found.start(), end, gap)
            gap = ""
        else:
            gap += " "
    yield from _plain(text, index, end, len(text), gap)


def _plain(text: str, index: int, at: int, stop: int, gap: str) -> Iterator[Token]:
    while at < stop:
        kind = kind_of(text[at])
        if kind == "gap":
            gap += text[at]
        if kind in {"gap", "mark"}:
            at += 1
            continue
        start, last = at, at + 1
        value = ""
        while at < stop and (now := kind_of(text[at])) in {kind, "mark"}:
            if now == kind:
                value += digit_of(text[at]) if kind == "digit" else text[at]
                last = at + 1
            at += 1
        # The marks of the last digit belong to it: an emoji keycap is digit and marks.
        last = at if kind == "digit" else last
        if kind == "digit":
            yield Token("digits", value, index, start, last, gap)
        else:
            yield Token("word", plain_word(value), index, start, last, gap)
        gap = ""


def _gap_after(text: str, start: int, stop: int, before: str) -> str:
    """Return the separators just before ``stop``."""
    gap = ""
    for char in reversed(text[start:stop]):
        if kind_of(char) not in {"gap", "mark"}:
            return gap
        gap = char + gap if kind_of(char) == "gap" else gap
    return before + gap


@lru_cache(maxsize=8_192)
def plain_word(word: str) -> str:
    """Return the word in lower case without accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if unicodedata.category(char) != "Mn")


def is_separator(char: str) -> bool:
    """Tell whether people write or paste the character between digits of a number."""
    if char in "()[].\t\u2212" or char in PASTED_MARKS:
        return True
    return unicodedata.category(char) in {"Zs", "Pd"}


def without_separators(text: str) -> str:
    """Remove spaces, dashes, dots, brackets and invisible marks."""
    return "".join(char for char in text if not is_separator(char))
