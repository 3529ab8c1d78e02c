"""Files that cannot be read are refused as a whole, in a sentence that says why."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

from tests.vouchers.batches.test_import import workbook
from vouchers.batches import reading
from vouchers.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable


def high_row() -> bytes:
    """Return a file of a few kilobytes whose second line is the last one of Excel."""
    book = Workbook()
    book.active.append(("msisdn", "amount"))
    book.active["A1048576"], book.active["B1048576"] = "0788123456", 5_000
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_sheet(change: Callable[[bytes], bytes]) -> bytes:
    """Return a spreadsheet with one good line, its XML changed by hand."""
    good = zipfile.ZipFile(
        io.BytesIO(workbook(("msisdn", "amount"), ("0788123456", 5)))
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            content = good.read(name)
            is_sheet = name == "xl/worksheets/sheet1.xml"
            archive.writestr(name, change(content) if is_sheet else content)
    return out.getvalue()


def with_entity(entities: bytes) -> bytes:
    declared = b"<!DOCTYPE worksheet [" + entities + b"]><worksheet"
    return with_sheet(
        lambda xml: xml.replace(b"<worksheet", declared, 1).replace(b">5<", b">&a;<")
    )


# The file, and a part of the sentence that refuses it.
REFUSED = {
    "empty": ("", "must name the columns"),
    "only headings": ("msisdn,amount\n", "no lines below its first"),
    "no heading": ("0788123456,5000\n", "must name the columns"),
    "missing column": ("msisdn,name\n0788123456,A\n", "missing: amount"),
    "unknown column": (
        "msisdn,amount,montant\n0788123456,5,5\n",
        "no column 'montant'",
    ),
    "same column twice": ("msisdn,amount,amount\n0788123456,5,6\n", "the same name"),
    "binary": (b"msisdn,amount\n0788123456,5\x00\n", "neither a CSV nor an XLSX"),
    "damaged spreadsheet": (b"PK\x03\x04damaged", "XLSX file is damaged"),
    "row of a high number": (high_row(), "at most 100,000 rows"),
    "many empty rows": (
        "msisdn,amount\n" + "\n" * 100_000 + "0788123456,5\n",
        "at most 100,000 rows",
    ),
    "many lines": (
        "msisdn,amount\n" + "0788123456,5\n" * 20_001,
        "at most 20,000 lines",
    ),
    "large file": ("msisdn,amount\n0788123456," + " " * 5_000_000, "at most 4 MB"),
    "zip bomb": (
        with_sheet(lambda xml: xml + b" " * 25_000_000),
        "spreadsheet is too large",
    ),
    "external entity": (
        with_entity(b'<!ENTITY a SYSTEM "file:///etc/hostname">'),
        "XLSX file is damaged",
    ),
    "entities of entities": (
        with_entity(b'<!ENTITY b "5555555555"><!ENTITY a "&b;&b;&b;&b;&b;&b;&b;&b;">'),
        "XLSX file is damaged",
    ),
    "wide cell": ("msisdn,amount\n0788123456," + "5" * 200_000 + "\n", "field larger"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_read__unusable_file__is_refused_in_a_sentence(case: str) -> None:
    content, sentence = REFUSED[case]
    with pytest.raises(InvalidRequest, match=rf"{sentence}.*\.$"):
        reading.read(content if isinstance(content, bytes) else content.encode())
