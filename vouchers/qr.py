"""The QR image of a voucher's code, made and read: its digits alone.

The image is made when it is sent or shown. Neither it nor a picture of a camera is stored.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import segno
import zxingcpp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchers.codes import Code

# Cards are folded and worn: a quarter of the image may be unreadable.
ERROR_CORRECTION = "q"
# Pixels of a module in a message, and empty modules around the image.
SCALE, BORDER = 16, 4


def png(code: Code) -> bytes:
    """Return the image for a message."""
    out = io.BytesIO()
    _made(code).save(out, kind="png", scale=SCALE, border=BORDER)
    return out.getvalue()


def svg(code: Code) -> str:
    """Return the image as an element of a page."""
    inline: str = _made(code).svg_inline(
        border=BORDER, omitsize=True, title="QR code of the voucher"
    )
    return inline


def modules(code: Code) -> Sequence[Sequence[int]]:
    """Return the rows of the image without its border; 1 is dark."""
    return [list(row) for row in _made(code).matrix]


def digits_in(pixels: bytes, *, side: int) -> str:
    """Return the digits of the QR code in a square grey picture, or nothing.

    ``pixels`` has one byte a pixel, row by row, ``side`` × ``side`` of them.
    """
    picture = memoryview(pixels).cast("B", shape=(side, side))
    only_qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(picture, formats=only_qr)
    return next((re.sub(r"\D", "", each.text) for each in found), "")


def _made(code: Code) -> segno.QRCode:
    return segno.make(code.digits, error=ERROR_CORRECTION, micro=False)
