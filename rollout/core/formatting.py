"""Format times, shares, money and counts for pages, reports and messages. Pure."""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_noop

from easymo.sentences import (
    Sentence,
    amount,
    counted,
    decimal,
    joined,
    label,
    translatable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta
    from decimal import Decimal

MINUTE, HOUR, DAY = 60, 3_600, 86_400
UNKNOWN = "—"
MAX_LISTED = 3
UNITS = ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s"))
DAY_UNIT = gettext_noop("d")
MARKDOWN_SYNTAX = re.compile(r"([\\`*_\[\]<>|#])")


def moment(at: datetime | None) -> str:
    """Format a moment in the time zone of the programme."""
    if at is None:
        return UNKNOWN
    local = timezone.localtime(at)
    return Sentence(
        local.strftime("%d %b %Y %H:%M:%S"),
        lambda: date_format(local, "d M Y H:i:s"),
    )


def short_day(day: date) -> str:
    """Format a day: `05 Mar 2026`."""
    return Sentence(day.strftime("%d %b %Y"), lambda: date_format(day, "d M Y"))


def duration(time: timedelta) -> str:
    """Format a duration in at most two units: `2 d 4 h`, `34 min`, `34 s`."""
    seconds = max(0, int(time.total_seconds()))
    if MINUTE <= seconds < HOUR:
        return f"{seconds // MINUTE} min"
    return _two_units(seconds)


def exact_duration(time: timedelta) -> str:
    """Format a measured duration: `38 ms`, `1.4 s`, `4 min 5 s`, `2 h 1 min`."""
    ms = round(time.total_seconds() * 1000)
    if ms < 0:
        return UNKNOWN
    if ms < 1_000:
        return f"{ms} ms"
    if ms < MINUTE * 1_000:
        return decimal(f"{ms / 1000:.1f}", " s")
    return _two_units(ms // 1000)


def _two_units(seconds: int) -> str:
    for size, unit, smaller, smaller_unit in UNITS:
        if seconds >= size:
            rest = seconds % size // smaller
            whole = joined(" ", [str(seconds // size), label(unit)])
            return joined(" ", [whole, f"{rest} {smaller_unit}"]) if rest else whole
    return f"{seconds} s"


def approximate_duration(time: timedelta) -> str:
    """Format how long something will still take: `about 2 days`."""
    seconds = max(0.0, time.total_seconds())
    if seconds <= 90 * MINUTE:
        number = max(1, ceil(seconds / MINUTE))
        time_left = counted(number, "{number} minute", "{number} minutes")
    elif seconds <= 36 * HOUR:
        number = max(1, ceil(seconds / HOUR))
        time_left = counted(number, "{number} hour", "{number} hours")
    else:
        number = max(2, round(seconds / DAY))
        time_left = counted(number, "{number} day", "{number} days")
    return translatable("about {time}", time=time_left)


def share(value: float | None, digits: int = 1) -> str:
    """Format 0.954 as `95.4 %`."""
    if value is None:
        return UNKNOWN
    text = f"{100 * value:.{digits}f}"
    return decimal(text.rstrip("0").rstrip(".") if "." in text else text, " %")


def floored_share(value: float) -> str:
    """Format 0.953 as `95.3 %`; never round up to a limit that is not reached."""
    return decimal(f"{int(value * 1000 + 1e-9) / 10:g}", " %")


def seconds(value: float | None) -> str:
    return UNKNOWN if value is None else decimal(f"{value:.1f}", " s")


def milliseconds(value: float | None) -> str:
    """Format milliseconds as seconds: `1.4 s`."""
    return seconds(None if value is None else value / 1000)


def usd(value: Decimal | float | None) -> str:
    """Format an amount with cents; with four decimals where it is less than one."""
    if value is None:
        return UNKNOWN
    places = 2 if not value or value >= 1 else 4
    return amount(value, places, "USD", in_english=f"${value:,.{places}f}")


def first_of(names: Sequence[str]) -> str:
    """List the first names and count the others."""
    more = len(names) - MAX_LISTED
    listed = joined("; ", names[:MAX_LISTED])
    if more <= 0:
        return listed
    return translatable("{listed}; and {more} more", listed=listed, more=more)


def markdown_line(text: str) -> str:
    """Escape a text for Markdown, in one line."""
    return MARKDOWN_SYNTAX.sub(r"\\\1", " ".join(str(text).split()))
