"""When a person answers, in the words of the customer's language."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from babel.dates import format_date as babel_date

from agents.content import in_force
from agents.content.hours import KIGALI, written_spans
from agents.language.texts import LANGUAGES, render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from agents.content.document import Content
    from agents.content.hours import OpeningHours, Spans

# Later than this, a weekday alone would be taken for the one of this week.
SAME_WEEK = 6
# Exceptions of the next days are told.
AHEAD_DAYS = 14
# 1 January 2024 was a Monday.
_MONDAY = (2024, 1, 1)


def next_open(now: datetime) -> datetime | None:
    """Return the moment from which a person answers again, by the hours in force.

    None while a person answers, and where operators wrote no opening hours.
    """
    return in_force.current().hours.next_open(now)


def notice(content: Content, language: str, now: datetime) -> str:
    """Return the sentence for a person who asks for a colleague out of hours, or ""."""
    at = content.hours.next_open(now)
    if at is None:
        return ""
    return render("handoff.from", language, when=written(at, now, language))


def with_notice(text: str, content: Content, language: str, now: datetime) -> str:
    """Add that sentence to the text."""
    return "\n".join(filter(None, (text, notice(content, language, now))))


def written(at: datetime, now: datetime, language: str) -> str:
    """Return a moment as "Monday 08:00", with the date where it is further away."""
    day, today = at.astimezone(KIGALI).date(), now.astimezone(KIGALI).date()
    is_near = (day - today).days <= SAME_WEEK
    named = _day(day, language, "EEEE" if is_near else "EEEE d MMMM")
    return f"{named} {at.astimezone(KIGALI):%H:%M}"


def described(hours: OpeningHours, language: str, now: datetime) -> str:
    """Return the hours, the exceptions of the next days, and whether it is open now."""
    if not hours:
        return ""
    lines = [render("hours.team", language), *_week(hours, language)]
    lines += [
        render(
            "hours.line",
            language,
            day=_day(one.day, language, "EEEE d MMMM"),
            hours=_spans(one.spans, language),
        )
        for one in hours.coming_exceptions(now, AHEAD_DAYS)
    ]
    return "\n".join(filter(None, [*lines, _now(hours, language, now)]))


def _now(hours: OpeningHours, language: str, now: datetime) -> str:
    if at := hours.next_open(now):
        return render("hours.now_closed", language, when=written(at, now, language))
    if until := hours.closes_at(now):
        return render("hours.now_open", language, when=f"{until:%H:%M}")
    return ""


def _week(hours: OpeningHours, language: str) -> Iterator[str]:
    """Join days that follow each other and have the same hours."""
    for spans, days in groupby(range(7), key=lambda day: hours.week[day]):
        numbers = list(days)
        if not spans:
            continue
        names = [_weekday(number, language) for number in (numbers[0], numbers[-1])]
        shown = " – ".join(dict.fromkeys(names))
        yield render("hours.line", language, day=shown, hours=_spans(spans, language))


def _spans(spans: Spans, language: str) -> str:
    return written_spans(spans) or render("hours.closed", language)


def _weekday(number: int, language: str) -> str:
    first = date(*_MONDAY)
    return _day(first + timedelta(days=number), language, "EEEE")


def _day(day: date, language: str, form: str) -> str:
    locale = language if language in LANGUAGES else "en"
    return babel_date(day, form, locale=locale)
