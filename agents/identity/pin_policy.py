"""Which PINs are refused because they are easy to guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agents.core.errors import PinRefused

if TYPE_CHECKING:
    from agents.core.secret_digits import SecretDigits

LEAST, MOST = 4, 6
_SHAPE = re.compile(rf"[0-9]{{{LEAST},{MOST}}}")
# "0000", "1212", "123123": a part that is repeated.
_REPEATED = re.compile(r"(.{1,3})\1+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROWS = ("01234567890", "09876543210")


def check(pin: SecretDigits, *, msisdn: str | None) -> None:
    """Raise PinRefused, which names the rule and never the PIN."""
    if not _SHAPE.fullmatch(pin.reveal()):
        raise PinRefused("shape")
    if _REPEATED.fullmatch(pin.reveal()):
        raise PinRefused("repeated")
    if any(pin.reveal() in row for row in _ROWS):
        raise PinRefused("sequence")
    if _YEAR.fullmatch(pin.reveal()):
        raise PinRefused("year")
    if msisdn and msisdn.endswith(pin.reveal()):
        raise PinRefused("own_number")
