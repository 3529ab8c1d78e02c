"""Tell numbers, amounts, dates and times from the parts of a code."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchers.reading.digit_groups import Group

LONGEST_NUMBER = 15
LONGEST_AMOUNT = 7
_TRUNK = re.compile(r"(?:(?:00)?250|0)7[2389]\d{7}")
_BARE = re.compile(r"7[2389]\d{7}")
_BARE_SIZES = ((9,), (3, 3, 3))
_INTERNATIONAL = re.compile(r"[1-9]\d{7,14}")
# From abroad, in one piece.
_DIALLED = re.compile(r"0025\d{10,11}")
# No telephone number is written in these groups.
_UNUSUAL = ((5, 5), (6, 4))
_YEAR = re.compile(r"(?:19|20)\d\d")


def is_round(digits: str) -> bool:
    """Tell whether the digits are an amount as people write it: 5000, 12500."""
    is_short = 3 <= len(digits) <= LONGEST_AMOUNT
    return is_short and digits[0] != "0" and digits.endswith("00")


def is_explained(groups: Sequence[Group]) -> bool:
    """Tell whether the groups are numbers, amounts and dates beside each other."""
    if all(len(group.digits) == 4 for group in groups):
        return all(is_round(group.digits) for group in groups)
    return _items(groups, 0, has_phone=False)


def _items(groups: Sequence[Group], at: int, *, has_phone: bool) -> bool:
    if at == len(groups):
        return True
    stop = number_stop(groups, at)
    if stop > at and _items(groups, stop, has_phone=True):
        return True
    stop = _date_stop(groups, at)
    if stop > at and _items(groups, stop, has_phone=has_phone):
        return True
    later = any(number_stop(groups, place) > place for place in range(at, len(groups)))
    return any(
        _items(groups, stop, has_phone=has_phone)
        for stop in _amount_stops(groups, at, has_phone=has_phone or later)
    )


def _amount_stops(
    groups: Sequence[Group], at: int, *, has_phone: bool
) -> Iterator[int]:
    """Yield where an amount that begins here may end; beside a number any may."""
    first = groups[at].digits
    if first[0] == "0" or len(first) > LONGEST_AMOUNT:
        return
    stop, digits = at + 1, first
    while (
        len(first) <= 3
        and stop < len(groups)
        and len(groups[stop].digits) == 3
        and groups[stop].gap in {" ", ",", ".", "'", "\u00a0", "\u202f", "\u2009"}
        and len(digits) + 3 <= LONGEST_AMOUNT
    ):
        digits += groups[stop].digits
        stop += 1
    if stop > at + 1:
        yield stop
    if (has_phone and not groups[at].is_spoken) or is_round(first):
        yield at + 1


def _date_stop(groups: Sequence[Group], at: int) -> int:
    """Return where a date or a time that begins here ends, or ``at``."""
    sizes = tuple(len(group.digits) for group in groups[at : at + 3])
    gaps = {group.gap for group in groups[at + 1 : at + 3]}
    if len(sizes) == 3 and len(gaps) == 1 and gaps <= {"-", "/", "."}:
        is_year_first = sizes == (4, 2, 2) and _YEAR.fullmatch(groups[at].digits)
        is_year_last = sizes[2] == 4 and _YEAR.fullmatch(groups[at + 2].digits)
        if is_year_first or (is_year_last and max(sizes[:2]) <= 2):
            return at + 3
    return _time_stop(groups, at)


def _time_stop(groups: Sequence[Group], at: int) -> int:
    stop = at + 1
    while stop < len(groups) and groups[stop].gap in {":", "h"}:
        stop += 1
    found = groups[at:stop]
    is_time = 2 <= len(found) <= 3 and all(
        len(group.digits) == 2 and int(group.digits) < 60 for group in found[1:]
    )
    return stop if is_time and len(found[0].digits) <= 2 else at


def number_stop(groups: Sequence[Group], at: int) -> int:
    """Return where a telephone number that begins here ends, or ``at``."""
    # Each group has a digit, so a number has no more groups than digits.
    sizes = [len(group.digits) for group in groups[at : at + LONGEST_NUMBER]]
    best = at
    for count, total in enumerate(accumulate(sizes), start=1):
        if total > LONGEST_NUMBER:
            break
        shape = tuple(sizes[:count])
        digits = "".join(group.digits for group in groups[at : at + count])
        is_code_like = (
            shape[:3] == (4, 4, 4)
            or shape in _UNUSUAL
            or not _is_whole(groups, at, at + count)
        )
        if is_code_like:
            continue
        if (
            (count == 1 and _DIALLED.fullmatch(digits))
            or _TRUNK.fullmatch(_without_trunk_zero(digits))
            or (_BARE.fullmatch(digits) and shape in _BARE_SIZES)
        ):
            return at + count
        if groups[at].has_plus and _is_foreign(groups[at : at + count], digits):
            best = at + count
    return best


def _is_whole(groups: Sequence[Group], start: int, stop: int) -> bool:
    """Tell whether a row of single digits or pairs begins and ends here.

    Else it is a part of a code that is dictated in this way.
    """
    sizes = {len(group.digits) for group in groups[start:stop]}
    if len(sizes) > 1 or not sizes <= {1, 2, 5}:
        return True
    before, after = groups[max(0, start - 1) : start], groups[stop : stop + 1]
    return all(len(group.digits) not in sizes for group in [*before, *after])


def _without_trunk_zero(digits: str) -> str:
    """Read "+250 (0)788 123 456"."""
    return re.sub(r"^((?:00)?250)0(?=7)", r"\1", digits)


def _is_foreign(groups: Sequence[Group], digits: str) -> bool:
    """Tell whether a number with "+" is written in one piece or in usual groups."""
    return _INTERNATIONAL.fullmatch(digits) is not None and all(
        group.gap.strip() in {"", "-", ".", ")", "("} for group in groups[1:]
    )
