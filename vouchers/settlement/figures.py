"""Redemptions and reversals by station and day, and what is issued and unspent.

All figures are sums of voucher events or rows. A reversal counts on its own day, so a
month that was paid does not change.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate, TruncMonth
from django.utils import timezone

from easymo.sentences import translatable
from vouchers.errors import InvalidRequest
from vouchers.models import Station, Voucher, VoucherEvent
from vouchers.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

KIGALI = ZoneInfo("Africa/Kigali")
LONGEST = timedelta(days=366)
REDEEMED, REVERSED = VoucherEvent.Kind.REDEEMED, VoucherEvent.Kind.REVERSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Counts of events, and amounts in minor units."""

    redeemed: int = 0
    redeemed_minor: int = 0
    reversed: int = 0
    reversed_minor: int = 0

    @property
    def net_minor(self) -> int:
        """Return what the station is owed."""
        return self.redeemed_minor - self.reversed_minor

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(Sums)
            }
        )


@dataclass(frozen=True, slots=True)
class Line:
    station: Station
    day: date
    currency: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Settlement:
    """Lines by station and day, from the first to the last day inclusive."""

    first: date
    last: date
    station: Station | None
    lines: tuple[Line, ...]

    @property
    def totals(self) -> dict[str, Sums]:
        """Return the sums of all lines by currency."""
        return _added((line.currency, line.sums) for line in self.lines)

    @property
    def by_station(self) -> dict[tuple[Station, str], Sums]:
        """Return the sums by station and currency, in the order of the lines."""
        return _added(((line.station, line.currency), line.sums) for line in self.lines)


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """Issued and unspent vouchers that expire in one month."""

    month: date
    currency: str
    count: int
    minor: int


def _added[Key](parts: Iterable[tuple[Key, Sums]]) -> dict[Key, Sums]:
    sums: dict[Key, Sums] = defaultdict(Sums)
    for key, part in parts:
        sums[key] += part
    return dict(sums)


def period(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments between which the days lie; the end is not included."""
    if last < first:
        raise InvalidRequest(translatable("The last day is before the first."))
    if last - first > LONGEST:
        raise InvalidRequest(translatable("A settlement covers at most one year."))
    if first.year < 2000 or last.year > 2199:
        raise InvalidRequest(translatable("The years go from 2000 to 2199."))
    return (
        datetime.combine(first, time.min, KIGALI),
        datetime.combine(last + timedelta(days=1), time.min, KIGALI),
    )


def events(first: date, last: date, station: Station | None) -> QuerySet[VoucherEvent]:
    """Return the events that are settled. Vouchers of sandbox people have no value."""
    since, until = period(first, last)
    found = VoucherEvent.objects.filter(
        kind__in=[REDEEMED, REVERSED], created_at__gte=since, created_at__lt=until
    )
    if station is not None:
        found = found.filter(station=station)
    if not settings.DEMONSTRATION:
        found = found.filter(owner__is_sandbox=False)
    return found


def settlement(
    *, first: date, last: date, station: Station | None = None
) -> Settlement:
    """Return the settlement of these days, both included. Raises InvalidRequest."""
    redeemed, taken_back = Q(kind=REDEEMED), Q(kind=REVERSED)
    rows = (
        events(first, last, station)
        .order_by()
        .values("station_id", "currency", day=TruncDate("created_at", tzinfo=KIGALI))
        .annotate(
            redeemed=Count("id", filter=redeemed),
            redeemed_minor=Sum("amount_minor", filter=redeemed, default=0),
            reversed=Count("id", filter=taken_back),
            reversed_minor=Sum("amount_minor", filter=taken_back, default=0),
        )
    )
    stations = Station.objects.in_bulk()
    lines = [
        Line(stations[row["station_id"]], row["day"], row["currency"], _sums(row))
        for row in rows
    ]
    lines.sort(key=lambda line: (line.station.code, line.day, line.currency))
    return Settlement(first, last, station, tuple(lines))


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums(**{each.name: int(row[each.name]) for each in fields(Sums)})


def open_liabilities() -> list[OpenMonth]:
    """Return what is issued and unspent at this moment, by month of expiry."""
    found = Voucher.objects.filter(
        status=Voucher.Status.ISSUED, expires_at__gte=timezone.now()
    )
    if not settings.DEMONSTRATION:
        found = found.filter(owner__is_sandbox=False)
    rows = (
        found.order_by()
        .values("currency", month=TruncMonth("expires_at", tzinfo=KIGALI))
        .annotate(count=Count("id"), minor=Sum("amount_minor"))
        .order_by("month", "currency")
    )
    return [
        OpenMonth(row["month"].date(), row["currency"], row["count"], int(row["minor"]))
        for row in rows
    ]


def major(minor: int, currency: str) -> int | str:
    """Return an amount as the API shows it, also a negative one."""
    amount = Money(abs(minor), currency).major
    if minor >= 0:
        return amount
    return -amount if isinstance(amount, int) else f"-{amount}"
