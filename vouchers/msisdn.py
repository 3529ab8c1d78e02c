"""Telephone numbers, stored in E.164 format."""

from __future__ import annotations

import re

import phonenumbers

REGION = "RW"
# Digits of a national number, and of a foreign one with its country code (E.164).
NATIONAL = 9
SHORTEST, LONGEST = 8, 15
_WRITTEN = re.compile(r"(?:\+|00)?[0-9][0-9 ().\-]{0,24}")
_SEPARATORS = re.compile(r"[ ().\-]")


class InvalidMsisdn(ValueError):
    """The text is not a valid telephone number."""


def parse(text: object) -> str:
    """Return the number as ``+250788123456``.

    Accepts ``0788123456``, ``250788123456`` and ``+250 788 123 456``, with ASCII
    digits only: other digits would give one number a second spelling.
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
    raise InvalidMsisdn(_error_text(digits))


def _error_text(digits: str) -> str:
    """Return the error text: too short, too long, or not valid."""
    plain = digits.removeprefix("+").removeprefix("00")
    national = plain.removeprefix("250").removeprefix("0")
    is_national = plain != national or not digits.startswith(("+", "00"))
    least, most = (NATIONAL, NATIONAL) if is_national else (SHORTEST, LONGEST)
    if len(national) < least:
        return "The number is too short: digits are missing."
    if len(national) > most:
        return "The number is too long: it has too many digits."
    return "This is no valid telephone number."


def _readings(digits: str) -> tuple[str, ...]:
    """Return the possible readings of the digits, the national one first."""
    if digits.startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return ("+" + digits[2:],)
    if digits.startswith("0"):
        return (digits,)
    return (digits, "+" + digits)
