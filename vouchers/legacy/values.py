"""Read numbers, times and amounts of the earlier system strictly. Pure functions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vouchers.money import exponent

if TYPE_CHECKING:
    from vouchers.legacy.source import SourceRow

KIGALI = ZoneInfo("Africa/Kigali")
_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """A value cannot be read strictly. ``code`` names the reason in the report."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text(row: SourceRow, *columns: str) -> str | None:
    """Return the first of the columns that says something, stripped."""
    for column in columns:
        if value := (row.get(column) or "").strip():
            return value
    return None


def moment(row: SourceRow, *columns: str) -> datetime | None:
    """Return the first of the columns that holds a time. Without a zone it is UTC."""
    value = text(row, *columns)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        is_possible = EARLIEST <= at < LATEST
    except (ValueError, OverflowError) as error:
        raise Unreadable("time_unreadable") from error
    if not is_possible:
        raise Unreadable("time_unreadable")
    return at.astimezone(UTC)


def last_moment(at: datetime) -> datetime:
    """Return the end of the day in Kigali, as ``voucher_last_moment`` does."""
    day = at.astimezone(KIGALI).date() + timedelta(days=1)
    start = datetime.combine(day, time(), tzinfo=KIGALI)
    return start.astimezone(UTC) - timedelta(microseconds=1)


def number(value: str | None) -> Decimal | None:
    """Return an exactly written number; None when there is none."""
    if value is None:
        return None
    if not _PLAIN.fullmatch(value):
        raise Unreadable("amount_inexact")
    return Decimal(value)


def minor_units(major: Decimal, currency: str) -> int:
    """Return an amount of major units in minor units, without rounding."""
    return whole(major.scaleb(exponent(currency)))


def whole(value: Decimal) -> int:
    """Return the integer; raise when there is a fraction or no value."""
    if value <= 0:
        raise Unreadable("amount_not_positive")
    if value != value.to_integral_value():
        raise Unreadable("amount_inexact")
    return int(value)
