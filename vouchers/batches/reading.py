"""Read a CSV or XLSX file into rows of text. Nothing is checked here."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook

from easymo.sentences import translatable, whole_number
from vouchers.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

# The web server reads bodies of up to 4 MiB.
LARGEST_FILE = 4_000_000
# An XLSX file is compressed. The library reads it twice, at about 2 MB a second.
LARGEST_UNPACKED = 20_000_000
MOST_LINES = 20_000
# With the empty ones. A file of a few bytes can name a row of any number.
MOST_ROWS = 100_000
NEEDED = ("msisdn", "amount")
COLUMNS = (*NEEDED, "name", "note")
DELIMITERS = ",;\t"
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line, by column; a missing cell is an empty text."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    sha256: bytes
    rows: list[Row]


def read(content: bytes) -> Sheet:
    """Return the lines of the file that are not empty.

    Raises InvalidRequest when the file as a whole cannot be used.
    """
    if len(content) > LARGEST_FILE:
        raise InvalidRequest(
            translatable(
                "A file has at most {most} MB.", most=LARGEST_FILE // 1_000_000
            )
        )
    lines = _spreadsheet(content) if content.startswith(ZIP) else _csv(content)
    rows = list(_rows(lines))
    if not rows:
        raise InvalidRequest(translatable("The file has no lines below its first one."))
    return Sheet(hashlib.sha256(content).digest(), rows)


def _rows(lines: Iterator[list[str]]) -> Iterator[Row]:
    headings = _headings(next(lines, []))
    count = 0
    for number, cells in enumerate(lines, start=2):
        if number > MOST_ROWS:
            raise InvalidRequest(
                translatable(
                    "A file has at most {most} rows, with the empty ones.",
                    most=whole_number(MOST_ROWS),
                )
            )
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_LINES:
            raise InvalidRequest(
                translatable(
                    "A file has at most {most} lines.",
                    most=whole_number(MOST_LINES),
                )
            )
        padded = cells + [""] * (len(headings) - len(cells))
        given = {
            name: cell.strip()
            for name, cell in zip(headings, padded, strict=False)
            if name
        }
        if any(cell.strip() for cell in cells[len(headings) :]):
            given["extra"] = "yes"
        yield Row(number, given)


def _headings(cells: list[str]) -> list[str]:
    """Return the names of the columns, or refuse them."""
    headings = [cell.strip().lower() for cell in cells]
    named = [name for name in headings if name]
    if missing := [name for name in NEEDED if name not in named]:
        raise InvalidRequest(
            translatable(
                "The first line must name the columns {columns}; missing: {missing}.",
                columns=", ".join(COLUMNS),
                missing=", ".join(missing),
            )
        )
    if strange := sorted({name for name in named if name not in COLUMNS}):
        raise InvalidRequest(
            translatable(
                "There is no column {column} in this import.",
                column=repr(strange[0][:40]),
            )
        )
    if len(set(named)) < len(named):
        raise InvalidRequest(translatable("Two columns have the same name."))
    return headings


def _csv(content: bytes) -> Iterator[list[str]]:
    """Read UTF-8, or the encoding of Western Windows; the first line shows the sign."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\x00" in text:
        raise InvalidRequest(translatable("This is neither a CSV nor an XLSX file."))
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise InvalidRequest(
            translatable("The CSV file is damaged: {error}.", error=error)
        ) from error


def _spreadsheet(content: bytes) -> Iterator[list[str]]:
    """Read the first sheet of an XLSX file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST_UNPACKED:
            raise InvalidRequest(translatable("The spreadsheet is too large."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # A file can claim a million empty columns.
        for cells in sheet.iter_rows(max_col=32, values_only=True):
            is_empty = all(cell is None for cell in cells)
            yield [] if is_empty else [_text(cell) for cell in cells]
    except InvalidRequest:
        raise
    except Exception as error:
        # The library raises many kinds of errors for a damaged file.
        raise InvalidRequest(translatable("The XLSX file is damaged.")) from error


def _text(cell: Any) -> str:
    """Return a cell as it is shown: Excel stores whole numbers with a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)
