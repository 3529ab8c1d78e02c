"""Decide which digits in a text are phone numbers or voucher codes.

Epochs, amounts, row ids, floats and dates look alike and are excluded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterator

# Separators that people and encodings put between the digits of one number.
_SEPARATOR = (
    r"(?:%20|%2[dD]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\t"
    r"|[ \t\u00a0\u2000-\u200f\u202f\u2060\ufeff().+/\-\u2010-\u2015\u2212])"
)
RUN = re.compile(rf"[+\uff0b]?\(?\d(?:{_SEPARATOR}{{0,3}}\d)*")
_PART = re.compile(rf"(?P<gap>{_SEPARATOR}|\uff0b)|(?P<digits>\d+)")
_RWANDAN_MOBILE = re.compile(r"(?:(?:00)?250)?0?7[2389]\d{7}")
_WITH_TRUNK = re.compile(r"(?:(?:00)?250|0)7[2389]\d{7}")
_PLUS = frozenset({"+", "\uff0b"})
_MOST_DIGITS = 17


@dataclass(frozen=True, slots=True)
class Number:
    """The position and kind (``msisdn`` or ``code``) of personal digits."""

    kind: str
    start: int
    end: int
    digits: str


@dataclass(frozen=True, slots=True)
class _Group:
    start: int
    end: int
    digits: str
    gap: str
    plus: bool


def personal_numbers(run: re.Match[str]) -> Iterator[Number]:
    """Yield numbers and codes within one run of digits and separators."""
    groups = _groups(run)
    first = 0
    while first < len(groups):
        found = _longest_from(groups, first)
        if found is None:
            first += 1
            continue
        last, number = found
        yield number
        first = last + 1


def _groups(run: re.Match[str]) -> list[_Group]:
    groups, gap = [], ""
    for part in _PART.finditer(run.group()):
        if part["gap"]:
            gap += part["gap"]
            continue
        groups.append(
            _Group(
                start=run.start() + part.start(),
                end=run.start() + part.end(),
                digits="".join(str(int(digit)) for digit in part["digits"]),
                gap=gap,
                plus=gap.rstrip("(")[-1:] in _PLUS,
            )
        )
        gap = ""
    return groups


def _longest_from(groups: list[_Group], first: int) -> tuple[int, Number] | None:
    if _is_fraction(groups, first):
        return None
    best = None
    window: list[_Group] = []
    for last in range(first, len(groups)):
        window.append(groups[last])
        digits = "".join(group.digits for group in window)
        if len(digits) > _MOST_DIGITS:
            break
        if kind := _kind(window, digits):
            start = window[0].start - (window[0].gap[-1:] in _PLUS)
            best = last, Number(kind, start, window[-1].end, digits)
    return best


def _is_fraction(groups: list[_Group], index: int) -> bool:
    """Tell whether this group is the fraction of a decimal number."""
    if index == 0 or groups[index].gap != ".":
        return False
    before = index >= 2 and groups[index - 1].gap == "."
    after = index + 1 < len(groups) and groups[index + 1].gap == "."
    return not before and not after


def _kind(window: list[_Group], digits: str) -> str | None:
    if not 8 <= len(digits) <= _MOST_DIGITS:
        return None
    gaps = [group.gap for group in window[1:]]
    if gaps == ["."] and not re.match(r"0\d", window[0].digits):
        return None
    if _is_code(window, gaps, digits):
        return "code"
    return "msisdn" if _is_msisdn(window, gaps, digits) else None


def _is_code(window: list[_Group], gaps: list[str], digits: str) -> bool:
    if "." in gaps or window[0].plus:
        return False
    sizes = [len(group.digits) for group in window]
    if len(digits) == 16:
        # "10000 0788 123 456" is an amount and a number.
        return not any(
            _WITH_TRUNK.fullmatch(digits, before) for before in accumulate(sizes)
        )
    # A mistyped code with one digit more or less still reveals the right one.
    return sizes[:3] == [4, 4, 4] and len(sizes) == 4 and 3 <= sizes[3] <= 5


def _is_msisdn(window: list[_Group], gaps: list[str], digits: str) -> bool:
    if window[0].plus:
        return len(digits) <= 15
    if any("+" in gap for gap in gaps) and window[0].digits != "250":
        return False
    if _RWANDAN_MOBILE.fullmatch(digits):
        return True
    if digits.startswith("0") and not digits.startswith("00"):
        return len(digits) == 10 and _is_valid("250" + digits[1:])
    return len(digits) >= 10 and _is_valid(digits.removeprefix("00"))


@lru_cache(maxsize=256)
def _is_valid(digits: str) -> bool:
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
