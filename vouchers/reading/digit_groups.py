"""Turn texts into runs of digit groups, in each reading of their number words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchers.reading.digit_words import (
    BETWEEN,
    HOMOPHONES,
    NUMBER_WORDS,
    READINGS,
    read_at,
)
from vouchers.reading.signs import Token, digit_of, plain_word, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchers.reading.digit_words import Reading

# Letters that are typed for digits.
LOOKALIKES = str.maketrans("oilsbz", "011582")
FEWEST_DIGITS = 15
LONGEST_TEXT = 20_000
LONGEST_PHRASE = 9
_ASCII = re.compile(r"[0-9]")
_WORD = re.compile(r"[^\W\d_]+")
# Digits and letters that are typed for them, at least one digit among them.
_LOOKALIKE = re.compile(
    r"(?<![^\W_])(?=[oilsbz]*\d)[oilsbz\d]+(?![^\W_])", re.IGNORECASE
)


class Group(NamedTuple):
    """Digits without a gap, and where they were written."""

    digits: str
    text: int
    start: int
    end: int
    # The visible characters between it and the group before in its run.
    gap: str
    is_spoken: bool = False

    @property
    def has_plus(self) -> bool:
        return self.gap.rstrip(" ([").endswith(("+", "\uff0b"))


type Run = list[Group]


def may_hold_digits(texts: Sequence[str], least: int = FEWEST_DIGITS) -> bool:
    """Tell whether there are enough digits for a code; cheap for ordinary text."""
    count = 0
    for text in texts:
        is_plain = text.isascii()
        count += len(_ASCII.findall(text) if is_plain else "".join(map(digit_of, text)))
        if count < least:
            # A spoken number of one word has up to four digits.
            words = map(plain_word, _WORD.findall(text))
            count += 4 * sum(word in NUMBER_WORDS for word in words)
            count += sum(
                not char.isdigit() for one in _LOOKALIKE.findall(text) for char in one
            )
        if count >= least:
            return True
    return False


def readings_of(texts: Sequence[str]) -> Iterator[list[Run]]:
    """Yield the runs of the texts in each possible reading, the usual one first."""
    tokens: list[Token] = []
    for index, text in enumerate(texts):
        found = list(tokens_of(text[:LONGEST_TEXT], index))
        if found and tokens:
            found[0] = found[0]._replace(gap=f"\n{found[0].gap}")
        tokens += found
    words = {token.value for token in tokens if token.kind == "word"}
    seen: list[list[Run]] = []
    for reading in READINGS:
        if reading is not READINGS[0] and not words & NUMBER_WORDS:
            break
        if reading.has_homophones and words.isdisjoint(HOMOPHONES):
            break
        runs = _runs(tokens, reading)
        if runs not in seen:
            seen.append(runs)
            yield runs
    if changed := _with_lookalikes(tokens):
        yield _runs(changed, READINGS[0])


def _runs(tokens: Sequence[Token], reading: Reading) -> list[Run]:
    """Split the tokens into runs: other words end a run, "then" and "puis" do not."""
    runs: list[Run] = [[]]
    gap = ""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        gap += token.gap
        if token.kind == "digits":
            runs[-1].append(Group(token.value, token.text, token.start, token.end, gap))
            gap, at = "", at + 1
            continue
        digits, size = "", 0
        if token.value in NUMBER_WORDS or token.value in HOMOPHONES:
            digits, size = read_at(_phrase(tokens, at), reading)
        if digits:
            last = tokens[at + size - 1]
            if last.text == token.text:
                spoken = Group(digits, token.text, token.start, last.end, gap, True)
                runs[-1].append(spoken)
                gap, at = "", at + size
                continue
        if not (token.kind == "word" and token.value in BETWEEN and runs[-1]):
            runs.append([])
            gap = ""
        at += 1
    return [run for run in runs if run]


def _phrase(tokens: Sequence[Token], at: int) -> tuple[str, ...]:
    """Return the words from here to the next mark or line."""
    stop = at + 1
    while stop < min(len(tokens), at + LONGEST_PHRASE):
        if tokens[stop].gap.strip(" -'\u2019\u00a0\u2010\u2011"):
            break
        if "\n" in tokens[stop].gap or tokens[stop].kind == "wall":
            break
        stop += 1
    return tuple(token.value for token in tokens[at:stop])


def _with_lookalikes(tokens: Sequence[Token]) -> list[Token]:
    """Read "935O" and "I208" as digits; return nothing where there are none."""
    found: list[Token] = []
    is_changed = False
    for token in tokens:
        joins = bool(
            found
            and found[-1].kind != "wall"
            and token.kind != "wall"
            and found[-1].end == token.start
            and found[-1].text == token.text
            and "digits" in {found[-1].kind, token.kind}
        )
        merged = found[-1].value + token.value if joins else ""
        as_digits = merged.translate(LOOKALIKES)
        if joins and as_digits.isdigit():
            is_changed = True
            found[-1] = found[-1]._replace(
                kind="digits", value=as_digits, end=token.end
            )
        else:
            found.append(token)
    return found if is_changed else []
