from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from agents.content.hours import (
    KIGALI,
    InvalidHours,
    OpeningHours,
    parse_exceptions,
    parse_spans,
    written_exceptions,
    written_spans,
)

WORKDAYS = parse_spans("08:00-12:00, 13:00-17:00")
SATURDAY = parse_spans("9-12")
OFFICE = OpeningHours(
    week=(*[WORKDAYS] * 5, SATURDAY, ()),
    exceptions=parse_exceptions("2026-12-25 closed Christmas\n2026-12-27 10:00-11:00"),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KIGALI)


# 30 November 2026 is a Monday.
@pytest.mark.parametrize(
    ("now", "opens", "closes"),
    [
        ("2026-11-30 07:59", "2026-11-30 08:00", None),
        ("2026-11-30 08:00", None, "2026-11-30 12:00"),
        # The end of a time is not part of it.
        ("2026-11-30 12:00", "2026-11-30 13:00", None),
        ("2026-11-30 16:59:59", None, "2026-11-30 17:00"),
        ("2026-11-30 17:00", "2026-12-01 08:00", None),
        # Over the weekend.
        ("2026-12-04 18:00", "2026-12-05 09:00", None),
        ("2026-12-05 12:00", "2026-12-07 08:00", None),
        # A holiday is closed, and an exception opens a Sunday.
        ("2026-12-24 20:00", "2026-12-26 09:00", None),
        ("2026-12-25 10:00", "2026-12-26 09:00", None),
        ("2026-12-26 13:00", "2026-12-27 10:00", None),
        ("2026-12-27 10:30", None, "2026-12-27 11:00"),
    ],
)
def test_hours__moment__tell_when_a_person_answers(
    now: str, opens: str | None, closes: str | None
) -> None:
    assert OFFICE.next_open(at(now)) == (at(opens) if opens else None)
    assert OFFICE.closes_at(at(now)) == (at(closes) if closes else None)
    assert OFFICE.is_open(at(now)) is (opens is None)


def test_hours__every_quarter_of_a_fortnight__agree() -> None:
    """The next opening is the first open moment, whatever the hours are."""
    now, end = at("2026-12-18 00:00"), at("2027-01-02 00:00")
    while now < end:
        opens = OFFICE.next_open(now)
        assert (opens is None) == OFFICE.is_open(now)
        if opens is not None:
            assert OFFICE.is_open(opens)
            assert not OFFICE.is_open(opens - timedelta(minutes=1))
            assert opens - now < timedelta(days=4)
        now += timedelta(minutes=15)


def test_hours__around_the_clock__never_close() -> None:
    always = OpeningHours(week=(parse_spans("00:00-24:00"),) * 7)

    assert always.next_open(at("2026-12-05 23:59")) is None
    assert always.closes_at(at("2026-12-05 23:59")) is None


def test_hours__none_written__know_nothing() -> None:
    assert not OpeningHours()
    assert OpeningHours().next_open(at("2026-12-05 12:00")) is None


@pytest.mark.parametrize(
    "written",
    [
        *("8", "08:00", "8-", "17:00-08:00", "08:00-08:00", "08:60-09:00"),
        *("08:00-25:00", "24:00-25:00", "08:00-12:00, 11:00-13:00", "all day"),
        ",".join(f"{n:02d}:00-{n:02d}:30" for n in range(5)),
    ],
)
def test_spans__not_a_time__are_refused(written: str) -> None:
    with pytest.raises(InvalidHours):
        parse_spans(written)


@pytest.mark.parametrize(
    "written",
    [
        *("Christmas", "25/12/2026 closed", "2026-12-25", "2026-02-30 closed"),
        *("2026-12-25 Christmas", "2026-12-25 closed\n2026-12-25 08:00-09:00"),
        "2026-12-25 08:00-07:00",
    ],
)
def test_exceptions__not_a_date_with_hours__are_refused(written: str) -> None:
    with pytest.raises(InvalidHours):
        parse_exceptions(written)


@pytest.mark.parametrize("written", ["", "closed", "08:00-12:00, 13:00-24:00"])
def test_spans__written_again__are_the_same(written: str) -> None:
    spans = parse_spans(written)
    assert parse_spans(written_spans(spans)) == spans


def test_exceptions__written_again__are_the_same() -> None:
    exceptions = OFFICE.exceptions
    assert parse_exceptions(written_exceptions(exceptions)) == exceptions
