"""How gates speak: durations, rates and lists in a few words. Pure."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE, HOUR, DAY = 60, 3600, 86_400
SHOWN = 3


def about(span: timedelta) -> str:
    """Write how long something still takes: `about 2 days`."""
    seconds = max(0.0, span.total_seconds())
    for unit, name, upto in (
        (MINUTE, "minute", 90 * MINUTE),
        (HOUR, "hour", 36 * HOUR),
    ):
        if seconds <= upto:
            return f"about {counted(max(1, ceil(seconds / unit)), name)}"
    return f"about {counted(max(2, round(seconds / DAY)), 'day')}"


def length(span: timedelta) -> str:
    """Write how long something has lasted: `6 d 23 h`, `3 h 5 min`, `4 min`."""
    minutes = int(max(0.0, span.total_seconds()) // MINUTE)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """Write 0.953 as `95.3 %`, never rounded up to a limit it does not reach."""
    tenths = int(share * 1000 + 1e-9)
    return f"{tenths / 10:g} %"


def some(names: Sequence[str]) -> str:
    """Name a few, and count the rest."""
    more = len(names) - SHOWN
    listed = "; ".join(names[:SHOWN])
    return f"{listed}; and {more} more" if more > 0 else listed


def at_this_rate(missing: int, seen: int, elapsed: timedelta) -> str:
    """Say how long `missing` more take, when `seen` came in `elapsed`."""
    if seen <= 0 or elapsed <= timedelta(0):
        return "none have come yet"
    return about(elapsed * (missing / seen))
