"""Find the voucher codes in texts, in any spelling, also split over messages.

A code is 16 digits. Digits that are a telephone number beside an amount, several round
amounts or a date are none. Sixteen other digits with a wrong check digit are a code
that was typed wrongly, which is secret too.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, NamedTuple

from vouchers.reading.damm import is_valid
from vouchers.reading.digit_groups import may_hold_digits, readings_of
from vouchers.reading.neighbours import is_explained, is_round, number_stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vouchers.reading.digit_groups import Group, Run

LENGTH = 16
HALF = 8
# One digit too few or too many.
NEARLY = (15, 17)
REGULAR = (
    (16,),
    (4,) * 4,
    (8, 8),
    (4, 4, 8),
    (8, 4, 4),
    (4, 8, 4),
    (2,) * 8,
    (1,) * 16,
)
# Characters between two groups of a code with other words between them.
LONGEST_GAP = 80
OUR_COUNTRY = "250"
# More groups are dictated digits, and no numbers and amounts beside each other.
MOST_ITEMS = 10
SHORTEST_LOOSE = 4


class Span(NamedTuple):
    """A part of one of the texts."""

    text: int
    start: int
    end: int


class FoundCode(NamedTuple):
    """The digits of a code and the parts of the texts that hold them."""

    # "" where the check digit is wrong.
    digits: str
    spans: tuple[Span, ...]
    # Nothing else was written beside it.
    is_alone: bool = False


class _Window(NamedTuple):
    score: int
    start: int
    stop: int
    digits: str


def search_codes(texts: Sequence[str]) -> list[FoundCode]:
    """Return the codes in the texts, which follow each other, in their order."""
    if not may_hold_digits(texts):
        return []
    found: list[FoundCode] = []
    mistyped: list[FoundCode] = []
    for runs in readings_of(texts):
        for each in [*_in_runs(runs), *_across_words(runs)]:
            (found if each.digits else mistyped).append(each)
    # Of several readings of number words the one without a remainder is right.
    found.sort(key=lambda each: not each.is_alone)
    return sorted(_apart([*found, *mistyped]), key=lambda each: each.spans[0])


def unexplained_digits(text: str) -> bool:
    """Tell whether a text has digits that may be a part of a code."""
    return any(True for _ in _unexplained(text))


def long_parts(text: str) -> list[Span]:
    """Return the stretches of digits that may be half of a code, or more."""
    found = [
        FoundCode("", _spans(groups))
        for groups in _unexplained(text)
        if sum(len(group.digits) for group in groups) >= HALF
        and not is_explained(groups)
    ]
    return [each.spans[0] for each in _apart(found)]


def _unexplained(text: str) -> Iterator[list[Group]]:
    """Yield the groups of digits that are no number, no round amount and no code."""
    if not may_hold_digits([text], 1):
        return
    for runs in readings_of([text]):
        for run in runs:
            for part in _without_phones(run, [False] * len(run)):
                groups = [run[at] for at in part]
                digits = "".join(group.digits for group in groups)
                if len(digits) < LENGTH and not is_round(digits):
                    yield groups


def _apart(found: Sequence[FoundCode]) -> list[FoundCode]:
    """Return the codes that do not overlap an earlier one of the list."""
    kept: list[FoundCode] = []
    # The parts of the kept codes in their order; no two of them overlap.
    taken: list[Span] = []
    for each in found:
        if not any(_overlaps(span, taken) for span in each.spans):
            kept.append(each)
            for span in each.spans:
                insort(taken, span)
    return kept


def _overlaps(span: Span, taken: Sequence[Span]) -> bool:
    at = bisect_left(taken, span)
    return any(
        other.text == span.text and other.start < span.end and span.start < other.end
        for other in taken[max(at - 1, 0) : at + 1]
    )


def _in_runs(runs: Sequence[Run]) -> Iterator[FoundCode]:
    for run in runs:
        taken = [False] * len(run)
        yield from _long_groups(run, taken)
        yield from _windows(run, taken)
        yield from _leftovers(run, taken)


def _long_groups(run: Run, taken: list[bool]) -> Iterator[FoundCode]:
    """Find codes that are written without a gap, also several in one."""
    for at, group in enumerate(run):
        digits = group.digits
        if len(digits) < LENGTH:
            continue
        taken[at] = True
        if group.has_plus and digits.startswith(OUR_COUNTRY):
            # A telephone number with too many digits.
            continue
        places = range(0, len(digits), LENGTH)
        pieces = [digits[place : place + LENGTH] for place in places]
        if all(len(piece) == LENGTH and is_valid(piece) for piece in pieces):
            for number, piece in enumerate(pieces):
                start, end = _share(group, number, len(pieces))
                yield FoundCode(piece, (Span(group.text, start, end),))
        else:
            yield FoundCode("", _spans([group]))


def _share(group: Group, place: int, parts: int) -> tuple[int, int]:
    length = group.end - group.start
    return (
        group.start + length * place // parts,
        group.start + length * (place + 1) // parts,
    )


def _windows(run: Run, taken: list[bool]) -> Iterator[FoundCode]:
    """Find 16 digits in several groups, the most plausible ones first."""
    by_start = {
        start: window
        for start in range(len(run))
        if (window := _window(run, start, taken))
    }
    ordered = sorted(
        by_start.values(),
        key=lambda each: (-each.score, each.stop - each.start, each.start),
    )
    if row := _row_of_codes(run, by_start, taken):
        ordered = row
    for window in ordered:
        places = range(window.start, window.stop)
        if any(taken[at] for at in places):
            continue
        digits = window.digits
        if not row and (rivals := _rivals(window, by_start, taken)):
            # Two readings are equally good: secret, and asked for again.
            digits = ""
            places = _stretch(run, min(rivals), max(rivals), taken)
        for at in places:
            taken[at] = True
        is_alone = len(places) == len(run)
        yield FoundCode(digits, _spans([run[at] for at in places]), is_alone)


def _row_of_codes(
    run: Run, by_start: Mapping[int, _Window], taken: Sequence[bool]
) -> list[_Window]:
    """Return the codes that the run consists of, one after another, if it does."""
    row: list[_Window] = []
    at = 0
    while at < len(run):
        window = by_start.get(at)
        if window is None or not window.digits:
            return []
        row.append(window)
        at = window.stop
    return row if not any(taken) else []


def _rivals(
    window: _Window, by_start: Mapping[int, _Window], taken: Sequence[bool]
) -> list[int]:
    """Return the places of other windows that overlap and are as plausible."""
    places: list[int] = []
    for start in range(window.start - LENGTH + 1, window.stop):
        other = by_start.get(start)
        if other is None or other is window or other.score != window.score:
            continue
        if other.stop > window.start and not any(taken[other.start : other.stop]):
            places += [other.start, other.stop - 1]
    return [*places, window.start, window.stop - 1] if places else []


def _stretch(run: Run, first: int, last: int, taken: Sequence[bool]) -> range:
    """Widen the places over the groups of the same size beside them."""
    size = len(run[first].digits)
    is_even = all(len(run[at].digits) == size for at in range(first, last + 1))
    while is_even and first and not taken[first - 1]:
        if len(run[first - 1].digits) != size:
            break
        first -= 1
    while is_even and last + 1 < len(run) and not taken[last + 1]:
        if len(run[last + 1].digits) != size:
            break
        last += 1
    return range(first, last + 1)


def _window(run: Run, start: int, taken: Sequence[bool]) -> _Window | None:
    """Return the 16 digits that begin at this group."""
    digits, stop = "", start
    while stop < len(run) and not taken[stop] and len(digits) < LENGTH:
        digits += run[stop].digits
        stop += 1
    if len(digits) != LENGTH or stop - start < 2:
        return None
    groups = run[start:stop]
    is_regular = tuple(len(group.digits) for group in groups) in REGULAR
    if stop - start <= MOST_ITEMS and is_explained(groups):
        return None
    has_round_edge = is_round(groups[0].digits) or is_round(groups[-1].digits)
    if is_valid(digits):
        score = 8 if is_regular else 6
        return _Window(score - has_round_edge, start, stop, digits)
    if not is_regular or len(groups) > 8:
        return None
    return _Window(4 - has_round_edge, start, stop, "")


def _leftovers(run: Run, taken: list[bool]) -> Iterator[FoundCode]:
    """Find a code with a wrong digit, or one digit more or less, that stands alone."""
    for part in _without_phones(run, taken):
        groups = [run[at] for at in part]
        while len(groups) > 1 and is_round(groups[0].digits):
            groups = groups[1:]
        while len(groups) > 1 and is_round(groups[-1].digits):
            groups = groups[:-1]
        total = sum(len(group.digits) for group in groups)
        if total < NEARLY[0]:
            continue
        is_dictated = len(groups) * 2 >= total
        is_near = total in NEARLY and _looks_regular(groups)
        if not (is_dictated or is_near or total == LENGTH):
            continue
        if len(groups) > MOST_ITEMS or not is_explained(groups):
            yield FoundCode("", _spans(groups))


def _looks_regular(groups: Sequence[Group]) -> bool:
    sizes = [len(group.digits) for group in groups]
    if len(sizes) == 1:
        return not groups[0].has_plus
    is_four = sizes[:3] == [4, 4, 4] or sizes[-3:] == [4, 4, 4]
    return is_four or max(sizes) <= 2 or sizes in ([8, 7], [7, 8], [8, 9], [9, 8])


def _without_phones(run: Run, taken: Sequence[bool]) -> list[list[int]]:
    """Return the places of the run that are no number and not taken, in stretches."""
    parts: list[list[int]] = [[]]
    at = 0
    while at < len(run):
        stop = at if taken[at] else number_stop(run, at)
        if taken[at] or stop > at:
            parts.append([])
            at = max(stop, at + 1)
            continue
        parts[-1].append(at)
        at += 1
    return [part for part in parts if part]


def _across_words(runs: Sequence[Run]) -> Iterator[FoundCode]:
    """Find a right code whose groups have other words between them."""
    loose = [
        run[at]
        for run in runs
        for part in _without_phones(run, [False] * len(run))
        for at in part
        if SHORTEST_LOOSE <= len(run[at].digits) < LENGTH
    ]
    for start in range(len(loose)):
        digits = ""
        for stop in range(start, len(loose)):
            group = loose[stop]
            if stop > start and not _is_near(loose[stop - 1], group):
                break
            digits += group.digits
            if len(digits) >= LENGTH:
                groups = loose[start : stop + 1]
                # A code has two such groups in one case of a thousand.
                has_amounts = sum(is_round(each.digits) for each in groups) > 1
                if len(digits) == LENGTH and is_valid(digits) and not has_amounts:
                    yield FoundCode(digits, _spans(groups, merged=False))
                break


def _is_near(before: Group, after: Group) -> bool:
    return before.text != after.text or after.start - before.end <= LONGEST_GAP


def _spans(groups: Sequence[Group], *, merged: bool = True) -> tuple[Span, ...]:
    """Return the parts of the texts that the groups take, one for each text."""
    spans: list[Span] = []
    for group in groups:
        if merged and spans and spans[-1].text == group.text:
            spans[-1] = spans[-1]._replace(end=group.end)
        else:
            spans.append(Span(group.text, group.start, group.end))
    return tuple(spans)
