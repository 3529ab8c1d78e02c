"""How reports write moments, times, shares and money. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal

UNKNOWN = "—"
_MARKS = re.compile(r"([\\`*_\[\]<>|#])")


def moment(at: datetime | None) -> str:
    """Write a moment as the programme's clocks show it."""
    if at is None:
        return UNKNOWN
    return timezone.localtime(at).strftime("%d %b %Y %H:%M:%S")


def lasted(time: timedelta) -> str:
    """Write a length of time with the two units that matter."""
    ms = round(time.total_seconds() * 1000)
    if ms < 0:
        return UNKNOWN
    if ms < 1_000:
        return f"{ms} ms"
    seconds = ms // 1000
    if seconds < 60:
        return f"{ms / 1000:.1f} s"
    for size, unit, smaller, name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {name}" if rest else "")
    return UNKNOWN


def share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value * 100:.1f} %"


def seconds(ms: float | None) -> str:
    return UNKNOWN if ms is None else f"{ms / 1000:.1f} s"


def usd(value: Decimal | float | None) -> str:
    """Write an amount with cents, or finer where it is less than one."""
    if value is None:
        return UNKNOWN
    return f"${value:.2f}" if not value or value >= 1 else f"${value:.4f}"


def markdown_line(text: str) -> str:
    """Return one line that Markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
