"""Read amounts in words: "ten thousand", "dix mille", "ibihumbi icumi", "elfu kumi".

The languages order the words differently. An ambiguous amount is unclear: "elfu kumi na
tano" can mean 15,000 or 10,005.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from agents.language.lexicons.vocabulary import LEXICONS, fold

_TOKEN = re.compile(r"[#;]|[^\W\d_]+(?:['-][^\W\d_]+)*")
_LONGEST_PHRASE = 2
# Smaller numbers count other things: two vouchers.
_SMALLEST = 100
_LARGEST = 10_000_000


class Item(NamedTuple):
    kind: str
    value: int = 0
    word: str = ""


class Run(NamedTuple):
    """Consecutive number words of one language; the value is None when invalid."""

    size: int
    value: int | None


@dataclass(frozen=True)
class Spelled:
    values: tuple[int, ...] = ()
    is_unclear: bool = False


def read_spelled(text: str) -> Spelled:
    """Read the number words of a text in which "#" replaces digits."""
    words = [part for token in _TOKEN.findall(text) for part in _parts(fold(token))]
    values: list[int] = []
    unclear = False
    at = 0
    while at < len(words):
        runs = [run for language in LEXICONS if (run := _run(words, at, language)).size]
        if not runs:
            unclear = unclear or any(
                words[at] in other.unread_numbers for other in _ALL
            )
            at += 1
            continue
        size = max(run.size for run in runs)
        readings = {run.value for run in runs if run.size == size}
        # "one voucher", "un bon": the word is an article.
        if readings != {1}:
            value = readings.pop() if len(readings) == 1 else None
            beside = words[max(0, at - 1) : at] + words[at + size : at + size + 1]
            if value is None or value < _SMALLEST or "#" in beside:
                unclear = True
            else:
                values.append(value)
        at += size
    return Spelled(tuple(values), unclear)


def read_mixed(text: str) -> tuple[list[int], str]:
    """Read "10 thousand" and "elfu 10", and remove them from the text."""
    values = [
        1_000 * int(found["count"])
        for pattern in _MIXED
        for found in pattern.finditer(text)
    ]
    for pattern in _MIXED:
        text = pattern.sub(" ; ", text)
    return values, text


def _parts(token: str) -> list[str]:
    """Split "y'ibihumbi", "n'ijana" and "twenty-five"."""
    parts: list[str] = []
    for piece in token.split("-"):
        before, mark, after = piece.rpartition("'")
        if not mark or (after,) not in _known():
            parts.append(piece)
        else:
            parts += ["na", after] if before == "n" else [after]
    return parts


@cache
def _known() -> frozenset[tuple[str, ...]]:
    return frozenset(phrase for language in LEXICONS for phrase in _items(language))


@cache
def _items(language: str) -> dict[tuple[str, ...], Item]:
    lexicon = LEXICONS[language]
    found = {}
    for kind, entries in (("value", lexicon.numbers), ("times", lexicon.multipliers)):
        for word, value in entries:
            found[tuple(fold(word).split())] = Item(kind, value, fold(word))
    return found


def _run(words: list[str], start: int, language: str) -> Run:
    """Return the longest run of number words from here, and its value."""
    items: list[Item] = []
    taken = at = start
    joins = LEXICONS[language].number_joins
    while at < len(words):
        if words[at] in joins and items and items[-1].kind != "join":
            items.append(Item("join"))
            at += 1
            continue
        sizes = range(_LONGEST_PHRASE, 0, -1)
        phrases = (tuple(words[at : at + size]) for size in sizes)
        phrase = next((p for p in phrases if p in _items(language)), None)
        if phrase is None:
            break
        items.append(_items(language)[phrase])
        taken = at = at + len(phrase)
    if items and items[-1].kind == "join":
        items.pop()
    if not items:
        return Run(0, None)
    count_first = LEXICONS[language].counts_first
    value = _counts_first(items) if count_first else _counts_last(items, language)
    return Run(taken - start, value if value and value < _LARGEST else None)


def _counts_first(items: list[Item]) -> int | None:
    """Return the value of "two thousand five hundred", "deux mille cinq cents"."""
    total = current = last = 0
    ceiling = _LARGEST
    for kind, value, word in items:
        if kind == "join":
            continue
        if kind == "times" and value >= 1_000:
            if value >= ceiling:
                return None
            total += max(current, 1) * value
            current, ceiling = 0, value
        elif kind == "times":
            if current >= 10:
                return None
            current = max(current, 1) * value
        elif word in _SCORES and last == 4:
            current += 76
            last = 80
            continue
        elif _may_follow(value, current, last):
            current += value
        else:
            return None
        last = value
    return total + current


# "quatre-vingt"
_SCORES = {"vingt", "vingts"}


def _may_follow(value: int, current: int, last: int) -> bool:
    is_teen_after_sixty = last in {60, 80} and 10 <= value < 20
    is_unit_after_ten = current % 10 == 0 and last >= 20 and value < 10
    return current % 100 == 0 or is_teen_after_sixty or is_unit_after_ten


def _counts_last(items: list[Item], language: str) -> int | None:
    """Return the value of "elfu mbili na mia tano", "ibihumbi cumi na bitanu"."""
    total, ceiling, at = 0, _LARGEST, 0
    while at < len(items):
        if total:
            if items[at].kind != "join":
                return None
            at += 1
        part, ceiling, at = _part(items, at, ceiling, language)
        if not part:
            return None
        total += part
    return total


def _part(
    items: list[Item], at: int, ceiling: int, language: str
) -> tuple[int, int, int]:
    """Return one part, the limit of the next part, and where the next part begins."""
    kind, value, _ = items[at]
    at += 1
    if kind == "join" or value >= ceiling:
        return 0, 0, at
    if kind == "value":
        rank = 1_000 if value >= 1_000 else 100 if value >= 100 else 10
        return value, rank if value >= 10 else 1, at
    if at >= len(items) or items[at].kind != "value" or items[at].value >= 1_000:
        return 0, 0, at
    count, word = items[at].value, items[at].word
    at += 1
    has_unit = (
        count % 10 == 0
        and count < 100
        and at + 1 < len(items)
        and items[at + 1].kind == "value"
        and items[at + 1].value < 10
    )
    if has_unit:
        if word not in LEXICONS[language].joined_tens:
            return 0, 0, at
        count += items[at + 1].value
        at += 2
    return value * count, value, at


_ALL = tuple(LEXICONS.values())


def _thousands(*, counts_first: bool) -> str:
    return "|".join(
        re.escape(word)
        for lexicon in _ALL
        if lexicon.counts_first is counts_first
        for word, value in lexicon.multipliers
        if value == 1_000
    )


_MIXED = (
    re.compile(
        rf"(?<![\w.,+-])(?P<count>[1-9]\d{{0,2}}) ?(?:{_thousands(counts_first=True)})"
        r"(?!\w)",
        re.ASCII | re.IGNORECASE,
    ),
    re.compile(
        rf"(?<!\w)(?:{_thousands(counts_first=False)}) (?P<count>[1-9]\d{{0,2}})"
        r"(?![\w.,]|[ ]\d)",
        re.ASCII | re.IGNORECASE,
    ),
)
