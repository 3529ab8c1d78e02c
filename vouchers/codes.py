"""Voucher codes: 15 random digits and a Damm digit, shown 4-4-4-4.

The Damm digit detects every single wrong digit and every swap of two neighbours. So
a typing error is not counted as a guess. It adds no secrecy.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cached_property

from easymo import keys

PURPOSE = "voucher-code"
LENGTH = 16
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_SEPARATORS = re.compile(r"[ \-]")
_SIXTEEN = re.compile(r"[0-9]{16}")
# Sixteen digits with single spaces or dashes anywhere, not part of a longer number.
_IN_TEXT = re.compile(r"(?<![0-9+])[0-9](?:[ \-]?[0-9]){15}(?![0-9])")


class InvalidCode(ValueError):
    """The text is not a voucher code: a code has 16 digits."""


class MistypedCode(InvalidCode):
    """The check digit is wrong: a typing error, not a guess."""


@dataclass(frozen=True)
class Code:
    """A full code. Its text form hides the digits."""

    digits: str

    def __repr__(self) -> str:
        return "Code(…)"

    __str__ = __repr__

    @property
    def last4(self) -> str:
        return self.digits[-4:]

    @property
    def formatted(self) -> str:
        return " ".join(self.digits[at : at + 4] for at in range(0, LENGTH, 4))

    @property
    def hmac(self) -> bytes:
        """Return the stored HMAC, made with the writing key."""
        return keys.digest(PURPOSE, self.digits.encode())

    @cached_property
    def hmacs(self) -> tuple[bytes, ...]:
        """Return the HMACs that can be stored, one for each key."""
        return tuple(value for _, value in keys.digests(PURPOSE, self.digits.encode()))


@dataclass(frozen=True, slots=True)
class Match:
    """Sixteen digits in a text, and the code when the check digit is right."""

    start: int
    end: int
    code: Code | None


def new_code() -> Code:
    """Draw a code that cannot be a card number: it fails the Luhn check."""
    while True:
        body = f"{secrets.randbelow(10**15):015}"
        digits = body + damm_digit(body)
        if not passes_luhn(digits):
            return Code(digits)


def parse_code(text: object) -> Code:
    """Read a code. Spaces and dashes are ignored; other characters are refused."""
    if not isinstance(text, str):
        raise InvalidCode("A code is 16 digits.")
    digits = _SEPARATORS.sub("", text)
    if not _SIXTEEN.fullmatch(digits):
        raise InvalidCode("A code is 16 digits.")
    if damm_digit(digits) != "0":
        raise MistypedCode("Please check the code: a digit is wrong.")
    return Code(digits)


def find_codes(text: str) -> list[Match]:
    """Find all runs of 16 digits, also with a wrong check digit."""
    found = []
    for match in _IN_TEXT.finditer(text):
        digits = _SEPARATORS.sub("", match.group())
        code = Code(digits) if damm_digit(digits) == "0" else None
        found.append(Match(match.start(), match.end(), code))
    return found


def damm_digit(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return str(state)


def passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
