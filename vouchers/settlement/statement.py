"""The statement for one station as a PDF: each redemption and reversal, and the sums."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]
from django.utils import timezone

from vouchers.money import Money, format_money
from vouchers.settlement.figures import KIGALI, REVERSED, events, settlement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from vouchers.models import Station

# A4 in points, and lines of a font in which all signs have one width.
WIDTH, HEIGHT, MARGIN = 595, 842, 50
SIZE, LEADING = 9, 13
LINES_PER_PAGE = (HEIGHT - 2 * MARGIN) // LEADING - 3
# Columns: voucher, when, what, amount.
ROW = "{:<18}{:<20}{:<14}{:>20}"
FONTS = {"F1": "Courier", "F2": "Courier-Bold"}


def statement(*, station: Station, first: date, last: date) -> bytes:
    """Return the statement of these days, both included. Raises InvalidRequest."""
    lines = list(_lines(station, first, last))
    document = pydyf.PDF()
    fonts = _fonts(document)
    pages = [
        lines[start : start + LINES_PER_PAGE]
        for start in range(0, len(lines), LINES_PER_PAGE)
    ]
    for number, page in enumerate(pages, start=1):
        footer = f"{station.code}, page {number} of {len(pages)}"
        _add_page(document, fonts, [*page, ("F1", ""), ("F1", footer)])
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _lines(station: Station, first: date, last: date) -> Iterator[tuple[str, str]]:
    """Yield the font and the text of each line."""
    made = settlement(first=first, last=last, station=station)
    yield "F2", f"Statement for {station.name} ({station.code})"
    yield "F1", f"{first:%d %B %Y} to {last:%d %B %Y}, days of Kigali"
    yield "F1", f"Made on {timezone.localtime(timezone=KIGALI):%d %B %Y at %H:%M}"
    yield "F1", ""
    for currency, sums in sorted(made.totals.items()):
        for title, count, minor in (
            ("Redeemed", str(sums.redeemed), sums.redeemed_minor),
            ("Taken back", str(sums.reversed), -sums.reversed_minor),
            ("To pay", "", sums.net_minor),
        ):
            amount = format_money(Money(minor, currency))
            yield "F2", ROW.format(title, count, "", amount)
    if not made.lines:
        yield "F1", "No voucher was redeemed or taken back in this period."
    yield "F1", ""
    yield "F2", ROW.format("Voucher", "When", "What", "Amount")
    found = events(first, last, station).select_related("voucher")
    for event in found.order_by("created_at", "id").iterator(chunk_size=2_000):
        is_reversal = event.kind == REVERSED
        minor = -event.amount_minor if is_reversal else event.amount_minor
        yield (
            "F1",
            ROW.format(
                event.voucher.reference,
                f"{timezone.localtime(event.created_at, KIGALI):%d %b %Y %H:%M}",
                "taken back" if is_reversal else "redeemed",
                format_money(Money(minor, event.currency)),
            ),
        )


def _fonts(document: pydyf.PDF) -> pydyf.Dictionary:
    """Return the two fonts that every reader of PDF has."""
    references = {}
    for name, base in FONTS.items():
        font = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type1",
                "BaseFont": f"/{base}",
                "Encoding": "/WinAnsiEncoding",
            }
        )
        document.add_object(font)
        references[name] = font.reference
    return pydyf.Dictionary(references)


def _add_page(
    document: pydyf.PDF, fonts: pydyf.Dictionary, lines: list[tuple[str, str]]
) -> None:
    content = pydyf.Stream()
    content.begin_text()
    content.move_text_to(MARGIN, HEIGHT - MARGIN)
    for font, text in lines:
        content.set_font_size(font, SIZE)
        # The encoding of the fonts; other signs become a question mark.
        content.show_text_string(text.encode("cp1252", "replace"))
        content.move_text_to(0, -LEADING)
    content.end_text()
    document.add_object(content)
    page = pydyf.Dictionary(
        {
            "Type": "/Page",
            "Parent": document.pages.reference,
            "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
            "Contents": content.reference,
            "Resources": pydyf.Dictionary({"Font": fonts}),
        }
    )
    document.add_page(page)
