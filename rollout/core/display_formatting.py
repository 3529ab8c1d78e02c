"""How figures and times read on the operator's page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta
    from decimal import Decimal

MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOTHING = "—"


def span(time: timedelta) -> str:
    """Say a length of time in its two largest units: `2 d 4 h`, `34 s`."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return _two(seconds // HOUR, "h", seconds % HOUR // MINUTE, "min")
    return _two(seconds // DAY, "d", seconds % DAY // HOUR, "h")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large} {unit} {small} {smaller}" if small else f"{large} {unit}"


def share(value: float | None, digits: int = 1) -> str:
    """Write 0.954 as `95.4 %`."""
    if value is None:
        return NOTHING
    return (
        f"{100 * value:.{digits}f}".rstrip("0").rstrip(".") + " %" if value else "0 %"
    )


def seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f} s"


def usd(value: Decimal | float | None) -> str:
    """Write an amount of money so that a tenth of a cent can still be told."""
    if value is None:
        return NOTHING
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.3f}"


def count(number: int, one: str, many: str = "") -> str:
    """Write `1 process`, `9 processes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
