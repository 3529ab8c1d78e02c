"""Telephone numbers in one spelling: E.164."""

from __future__ import annotations

import re

import phonenumbers

REGION = "RW"
_WRITTEN = re.compile(r"(?:\+|00)?[0-9][0-9 ().\-]{4,24}")
_SEPARATORS = re.compile(r"[ ().\-]")


class InvalidMsisdn(ValueError):
    """This is no valid telephone number."""


def parse(text: object) -> str:
    """Return the number as ``+250788123456``.

    Takes ``0788123456``, ``250788123456`` and ``+250 788 123 456``. ASCII digits
    only: look-alike digits would make a second person of the same number.
    """
    if not isinstance(text, str):
        raise InvalidMsisdn("The number must be text.")
    written = text.strip(" ")
    if not _WRITTEN.fullmatch(written):
        raise InvalidMsisdn("The number must be digits, with or without +.")
    digits = _SEPARATORS.sub("", written)
    for candidate in _readings(digits):
        try:
            number = phonenumbers.parse(candidate, REGION)
        except phonenumbers.NumberParseException:
            continue
        if number.extension is None and phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(
                number, phonenumbers.PhoneNumberFormat.E164
            )
    raise InvalidMsisdn("This is no valid telephone number.")


def _readings(digits: str) -> tuple[str, ...]:
    """Return how the digits can be meant, the national reading first."""
    if digits.startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return ("+" + digits[2:],)
    if digits.startswith("0"):
        return (digits,)
    return (digits, "+" + digits)
