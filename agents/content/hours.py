"""Opening hours: by weekday in Africa/Kigali, with exceptions by date. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from easymo.sentences import translatable

KIGALI = ZoneInfo("Africa/Kigali")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The next opening is searched this far ahead.
HORIZON_DAYS = 60
MOST_EXCEPTIONS = 60
MOST_SPANS = 4
LONGEST_NAME = 60
_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?::(\d{2}))?")
_MIDNIGHT = 24 * 60


class InvalidHours(ValueError):
    """The text does not name opening hours; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one minute of the day to another, the second not included."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{clock(self.start)}-{clock(self.end)}"


type Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class HoursException:
    """The hours of one date, instead of those of its weekday."""

    day: date
    spans: Spans = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a person answers. Without any hours nothing is known."""

    # One entry for each day, Monday first; empty: closed.
    week: tuple[Spans, ...] = ((),) * 7
    exceptions: tuple[HoursException, ...] = field(default=())

    def __bool__(self) -> bool:
        return any(self.week) or any(one.spans for one in self.exceptions)

    def on(self, day: date) -> Spans:
        """Return the hours of a date."""
        for one in self.exceptions:
            if one.day == day:
                return one.spans
        return self.week[day.weekday()]

    def is_open(self, now: datetime) -> bool:
        """Tell whether a person answers at this moment."""
        local = now.astimezone(KIGALI)
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self.on(local.date()))

    def next_open(self, now: datetime) -> datetime | None:
        """Return the moment from which a person answers again, in Africa/Kigali.

        None while it is open, and where no opening is known.
        """
        if self.is_open(now):
            return None
        today = now.astimezone(KIGALI).date()
        for ahead in range(HORIZON_DAYS + 1):
            day = today + timedelta(days=ahead)
            starts = (moment(day, span.start) for span in self.on(day))
            if found := next((at for at in sorted(starts) if at > now), None):
                return found
        return None

    def closes_at(self, now: datetime) -> datetime | None:
        """Return when the hours that include this moment end; None without an end."""
        day = now.astimezone(KIGALI).date()
        minute = int((now - moment(day, 0)) / timedelta(minutes=1))
        # Hours until midnight go on in those of the next day that begin then.
        for ahead in range(len(DAYS) + 1):
            spans = self.on(day + timedelta(days=ahead))
            span = next((one for one in spans if one.start <= minute < one.end), None)
            if span is None:
                return moment(day + timedelta(days=ahead), 0) if ahead else None
            if span.end < _MIDNIGHT:
                return moment(day + timedelta(days=ahead), span.end)
            minute = 0
        return None

    def coming_exceptions(self, now: datetime, days: int) -> list[HoursException]:
        """Return the exceptions of the next days, the first one first."""
        today = now.astimezone(KIGALI).date()
        last = today + timedelta(days=days)
        found = [one for one in self.exceptions if today <= one.day <= last]
        return sorted(found, key=lambda one: one.day)


def moment(day: date, minute: int) -> datetime:
    """Return the minute of the day; the last one is the next day's midnight."""
    start = datetime.combine(day, time(), tzinfo=KIGALI).astimezone(UTC)
    return (start + timedelta(minutes=minute)).astimezone(KIGALI)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def parse_spans(text: str) -> Spans:
    """Read "08:00-12:00, 13:00-17:00"; empty and "closed" are no hours.

    Raises InvalidHours.
    """
    written = text.strip().lower()
    if written in {"", "closed", "-", "–"}:
        return ()
    parts = [part.strip() for part in re.split(r"[,;]", written) if part.strip()]
    if len(parts) > MOST_SPANS:
        raise InvalidHours(
            translatable("A day has at most {most} times.", most=MOST_SPANS)
        )
    spans = sorted(map(_parse_span, parts))
    if any(later.start < earlier.end for earlier, later in pairwise(spans)):
        raise InvalidHours(
            translatable("The times overlap: {text}.", text=text.strip())
        )
    return tuple(spans)


def written_spans(spans: Spans) -> str:
    """Return the hours as `parse_spans` reads them."""
    return ", ".join(map(str, spans))


def parse_exceptions(text: str) -> tuple[HoursException, ...]:
    """Read one exception a line: "2026-12-25 closed Christmas". Raises InvalidHours."""
    found: dict[date, HoursException] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        one = _parse_exception(line)
        if one.day in found:
            raise InvalidHours(translatable("{day} is named twice.", day=one.day))
        found[one.day] = one
    if len(found) > MOST_EXCEPTIONS:
        raise InvalidHours(
            translatable(
                "At most {most} dates can be named.",
                most=MOST_EXCEPTIONS,
            )
        )
    return tuple(found[day] for day in sorted(found))


def written_exceptions(exceptions: tuple[HoursException, ...]) -> str:
    """Return the exceptions as `parse_exceptions` reads them."""
    return "\n".join(
        f"{one.day} {written_spans(one.spans) or 'closed'} {one.name}".strip()
        for one in exceptions
    )


def _parse_span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InvalidHours(
            translatable("“{text}” is not a time like 08:00-17:00.", text=text)
        )
    start, end = (
        int(match[hour]) * 60 + int(match[minute] or 0)
        for hour, minute in ((1, 2), (3, 4))
    )
    minutes = (int(match[2] or 0), int(match[4] or 0))
    if max(minutes) > 59 or end > _MIDNIGHT or start >= end:
        raise InvalidHours(
            translatable(
                "“{text}” must begin before it ends, between 00:00 and 24:00.",
                text=text,
            )
        )
    return Span(start, end)


def _parse_exception(line: str) -> HoursException:
    written, _, rest = line.partition(" ")
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise InvalidHours(
            translatable(
                "“{line}” must begin with a date like 2026-12-25.", line=line[:40]
            )
        ) from None
    match = re.match(r"(closed|[\d:,;\s–-]*)\s*(.*)", rest.strip(), re.IGNORECASE)
    assert match is not None
    hours, name = match[1].strip(), match[2].strip()
    if not hours:
        raise InvalidHours(
            translatable(
                "{day}: write “closed” or times like 08:00-12:00 after the date.",
                day=day,
            )
        )
    if len(name) > LONGEST_NAME:
        raise InvalidHours(
            translatable(
                "{day}: a name has at most {most} characters.",
                day=day,
                most=LONGEST_NAME,
            )
        )
    return HoursException(day, parse_spans(hours.rstrip(",; ")), name)
