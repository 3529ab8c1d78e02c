from __future__ import annotations

import struct
import zlib

from vouchers import qr
from vouchers.codes import new_code


def rows_of(png: bytes) -> list[list[int]]:
    """Return the modules of a PNG, one pixel of each."""
    width = struct.unpack(">I", png[16:20])[0]
    depth, colour = png[24], png[25]
    assert (depth, colour) == (1, 0)
    at, packed = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += length + 12
    line = (width + 7) // 8 + 1
    data = zlib.decompress(packed)
    lines: list[bytes] = []
    for start in range(0, len(data), line):
        found = data[start + 1 : start + line]
        # A line of filter 2 is stored as its difference to the line above.
        if data[start] == 2:
            above = lines[-1]
            found = bytes((a + b) % 256 for a, b in zip(found, above, strict=True))
        lines.append(found)
    rows = []
    for y in range(qr.SCALE // 2, len(lines), qr.SCALE):
        xs = range(qr.SCALE // 2, width, qr.SCALE)
        rows.append([1 - (lines[y][x // 8] >> (7 - x % 8) & 1) for x in xs])
    return rows


def test_png__any_code__shows_the_modules_with_a_border() -> None:
    code = new_code()
    rows = rows_of(qr.png(code))
    inner = [row[qr.BORDER : -qr.BORDER] for row in rows[qr.BORDER : -qr.BORDER]]
    assert inner == [list(row) for row in qr.modules(code)]
    assert not any(any(row) for row in rows[: qr.BORDER])


def test_svg__any_code__has_a_title_and_no_style() -> None:
    text = qr.svg(new_code())
    assert "QR code of the voucher" in text
    assert "style" not in text
