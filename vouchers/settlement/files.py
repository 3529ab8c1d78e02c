"""A settlement as a table, JSON, CSV or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from vouchers.money import exponent
from vouchers.settlement.figures import major

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchers.settlement.figures import Settlement, Sums

type Cell = str | int | Decimal
HEADINGS = (
    *("Station", "Name", "Day", "Currency"),
    *("Redeemed", "Redeemed amount", "Taken back", "Taken back amount", "To pay"),
)
# A spreadsheet would run a text that begins with one of these as a formula.
FORMULA_SIGNS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "table": "text/plain; charset=utf-8",
}


def render(made: Settlement, kind: str) -> bytes:
    """Return the file; ``kind`` is a key of CONTENT_TYPES."""
    return _WRITERS[kind](made)


def as_json(made: Settlement) -> dict[str, Any]:
    """Return the settlement as JSON; amounts are in major units."""
    return {
        "from": made.first.isoformat(),
        "to": made.last.isoformat(),
        "station": made.station.code if made.station else None,
        "lines": [
            {
                "station": line.station.code,
                "station_name": line.station.name,
                "day": line.day.isoformat(),
                **_amounts(line.sums, line.currency),
            }
            for line in made.lines
        ],
        "stations": [
            {
                "station": station.code,
                "station_name": station.name,
                **_amounts(sums, currency),
            }
            for (station, currency), sums in made.by_station.items()
        ],
        "totals": [_amounts(sums, currency) for currency, sums in _totals(made)],
    }


def _amounts(sums: Sums, currency: str) -> dict[str, Any]:
    return {
        "currency": currency,
        "redeemed": sums.redeemed,
        "redeemed_amount": major(sums.redeemed_minor, currency),
        "reversed": sums.reversed,
        "reversed_amount": major(sums.reversed_minor, currency),
        "net_amount": major(sums.net_minor, currency),
    }


def _totals(made: Settlement) -> list[tuple[str, Sums]]:
    return sorted(made.totals.items())


def _rows(made: Settlement) -> Iterator[list[Cell]]:
    for line in made.lines:
        yield [
            line.station.code,
            line.station.name,
            line.day.isoformat(),
            *_numbers(line.sums, line.currency),
        ]
    for currency, sums in _totals(made):
        yield ["TOTAL", "", "", *_numbers(sums, currency)]


def _numbers(sums: Sums, currency: str) -> list[Cell]:
    def amount(minor: int) -> Cell:
        places = exponent(currency)
        return Decimal(minor).scaleb(-places) if places else minor

    return [
        currency,
        sums.redeemed,
        amount(sums.redeemed_minor),
        sums.reversed,
        amount(sums.reversed_minor),
        amount(sums.net_minor),
    ]


def escaped(cell: Cell) -> Cell:
    """Return a text that no spreadsheet runs as a formula."""
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA_SIGNS)
    return f"'{cell}" if is_formula else cell


def _csv(made: Settlement) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows([escaped(cell) for cell in row] for row in _rows(made))
    # The mark tells Excel that the file is UTF-8.
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _xlsx(made: Settlement) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Settlement")
    sheet.freeze_panes = "A2"
    for index, width in enumerate((14, 28, 12, 9, 10, 17, 11, 18, 14)):
        sheet.column_dimensions["ABCDEFGHI"[index]].width = width
    sheet.append([_cell(sheet, title, is_bold=True) for title in HEADINGS])
    for row in _rows(made):
        is_total = row[0] == "TOTAL" and not row[2]
        sheet.append([_cell(sheet, cell, is_bold=is_total) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Any, *, is_bold: bool) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    else:
        cell.number_format = "#,##0.###" if isinstance(value, Decimal) else "#,##0"
    cell.font = Font(bold=is_bold)
    return cell


def _table(made: Settlement) -> bytes:
    rows: list[Sequence[Cell]] = [HEADINGS, *_rows(made)]
    texts = [
        [f"{cell:,}" if isinstance(cell, int | Decimal) else cell for cell in row]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "".join(
        "  ".join(
            text.rjust(width) if index > 3 else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        + "\n"
        for row in texts
    ).encode()


def _json(made: Settlement) -> bytes:
    return json.dumps(as_json(made), ensure_ascii=False, indent=2).encode() + b"\n"


_WRITERS = {"csv": _csv, "xlsx": _xlsx, "table": _table, "json": _json}
