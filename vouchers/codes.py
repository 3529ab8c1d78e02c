"""Voucher codes: 15 random digits and a Damm digit, shown 4-4-4-4."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cached_property

from easymo import keys
from vouchers.reading.code_search import Span, search_codes
from vouchers.reading.damm import damm_digit, is_valid
from vouchers.reading.signs import without_separators

PURPOSE = "voucher-code"
LENGTH = 16
_SIXTEEN = re.compile(r"[0-9]{16}")


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
    """A code in a text, or 16 digits with a wrong check digit, and where they are."""

    # The parts of the texts that hold it: one, unless words or messages split it.
    spans: tuple[Span, ...]
    # None when the check digit is wrong.
    code: Code | None


def new_code() -> Code:
    """Draw a code that cannot be a card number: it fails the Luhn check."""
    while True:
        body = f"{secrets.randbelow(10**15):015}"
        digits = body + damm_digit(body)
        if not passes_luhn(digits):
            return Code(digits)


def parse_code(text: object) -> Code:
    """Read a code in a field. Separators are ignored as in a telephone number."""
    if not isinstance(text, str):
        raise InvalidCode("A code is 16 digits.")
    digits = without_separators(text)
    if not _SIXTEEN.fullmatch(digits):
        raise InvalidCode("A code is 16 digits.")
    if not is_valid(digits):
        raise MistypedCode("Please check the code: a digit is wrong.")
    return Code(digits)


def find_codes(*texts: str) -> list[Match]:
    """Find the codes in texts that follow each other, in any spelling."""
    return [
        Match(found.spans, Code(found.digits) if found.digits else None)
        for found in search_codes(texts)
    ]


def blank_code_digits(text: str) -> str:
    """Replace everything that looks like a code by "[code]"."""
    spans = [span for match in find_codes(text) for span in match.spans]
    for span in sorted(spans, reverse=True):
        text = f"{text[: span.start]}[code]{text[span.end :]}"
    return text


def passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
