"""Format times, shares, money and counts for pages, reports and messages. Pure."""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from decimal import Decimal

MINUTE, HOUR, DAY = 60, 3_600, 86_400
UNKNOWN = "—"
MAX_LISTED = 3
UNITS = ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s"))
MARKDOWN_SYNTAX = re.compile(r"([\\`*_\[\]<>|#])")


def moment(at: datetime | None) -> str:
    """Format a moment in the time zone of the programme."""
    if at is None:
        return UNKNOWN
    return timezone.localtime(at).strftime("%d %b %Y %H:%M:%S")


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
        return f"{ms / 1000:.1f} s"
    return _two_units(ms // 1000)


def _two_units(seconds: int) -> str:
    for size, unit, smaller, smaller_unit in UNITS:
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (
                f" {rest} {smaller_unit}" * bool(rest)
            )
    return f"{seconds} s"


def approximate_duration(time: timedelta) -> str:
    """Format how long something will still take: `about 2 days`."""
    seconds = max(0.0, time.total_seconds())
    for unit, name, limit in (
        (MINUTE, "minute", 90 * MINUTE),
        (HOUR, "hour", 36 * HOUR),
    ):
        if seconds <= limit:
            return f"about {count(max(1, ceil(seconds / unit)), name)}"
    return f"about {count(max(2, round(seconds / DAY)), 'day')}"


def share(value: float | None, digits: int = 1) -> str:
    """Format 0.954 as `95.4 %`."""
    if value is None:
        return UNKNOWN
    text = f"{100 * value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def floored_share(value: float) -> str:
    """Format 0.953 as `95.3 %`; never round up to a limit that is not reached."""
    return f"{int(value * 1000 + 1e-9) / 10:g} %"


def seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} s"


def milliseconds(value: float | None) -> str:
    """Format milliseconds as seconds: `1.4 s`."""
    return seconds(None if value is None else value / 1000)


def usd(value: Decimal | float | None) -> str:
    """Format an amount with cents; with four decimals where it is less than one."""
    if value is None:
        return UNKNOWN
    return f"${value:,.2f}" if not value or value >= 1 else f"${value:.4f}"


def count(number: int, one: str, many: str = "") -> str:
    """Format a number with its noun: `1 process`, `9 processes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def first_of(names: Sequence[str]) -> str:
    """List the first names and count the others."""
    more = len(names) - MAX_LISTED
    listed = "; ".join(names[:MAX_LISTED])
    return f"{listed}; and {more} more" if more > 0 else listed


def markdown_line(text: str) -> str:
    """Escape a text for Markdown, in one line."""
    return MARKDOWN_SYNTAX.sub(r"\\\1", " ".join(text.split()))
