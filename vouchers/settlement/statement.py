"""The statement for one station as a PDF: each redemption and reversal, and the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from vouchers.money import Money, format_money
from vouchers.pdf import BOLD, PLAIN, text_pages
from vouchers.settlement.figures import KIGALI, REVERSED, events, settlement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from vouchers.models import Station

# Columns: voucher, when, what, amount.
ROW = "{:<18}{:<20}{:<14}{:>20}"


def statement(*, station: Station, first: date, last: date) -> bytes:
    """Return the statement of these days, both included. Raises InvalidRequest."""
    lines = list(_lines(station, first, last))
    return text_pages(lines, footer=station.code)


def _lines(station: Station, first: date, last: date) -> Iterator[tuple[str, str]]:
    """Yield the font and the text of each line."""
    made = settlement(first=first, last=last, station=station)
    yield BOLD, f"Statement for {station.name} ({station.code})"
    yield PLAIN, f"{first:%d %B %Y} to {last:%d %B %Y}, days of Kigali"
    yield PLAIN, f"Made on {timezone.localtime(timezone=KIGALI):%d %B %Y at %H:%M}"
    yield PLAIN, ""
    for currency, sums in sorted(made.totals.items()):
        for title, count, minor in (
            ("Redeemed", str(sums.redeemed), sums.redeemed_minor),
            ("Taken back", str(sums.reversed), -sums.reversed_minor),
            ("To pay", "", sums.net_minor),
        ):
            amount = format_money(Money(minor, currency))
            yield BOLD, ROW.format(title, count, "", amount)
    if not made.lines:
        yield PLAIN, "No voucher was redeemed or taken back in this period."
    yield PLAIN, ""
    yield BOLD, ROW.format("Voucher", "When", "What", "Amount")
    found = events(first, last, station).select_related("voucher")
    for event in found.order_by("created_at", "id").iterator(chunk_size=2_000):
        is_reversal = event.kind == REVERSED
        minor = -event.amount_minor if is_reversal else event.amount_minor
        yield (
            PLAIN,
            ROW.format(
                event.voucher.reference,
                f"{timezone.localtime(event.created_at, KIGALI):%d %b %Y %H:%M}",
                "taken back" if is_reversal else "redeemed",
                format_money(Money(minor, event.currency)),
            ),
        )
