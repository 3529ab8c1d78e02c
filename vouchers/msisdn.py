"""Telephone numbers in one spelling: E.164."""

from __future__ import annotations

import re

import phonenumbers

REGION = "RW"
# Digits of a number without its country; of one abroad with it (E.164).
NATIONAL = 9
SHORTEST, LONGEST = 8, 15
_WRITTEN = re.compile(r"(?:\+|00)?[0-9][0-9 ().\-]{0,24}")
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
    raise InvalidMsisdn(_what_is_wrong(digits))


def _what_is_wrong(digits: str) -> str:
    """Say what to mend, where the digits tell."""
    plain = digits.removeprefix("+").removeprefix("00")
    national = plain.removeprefix("250").removeprefix("0")
    is_ours = plain != national or not digits.startswith(("+", "00"))
    least, most = (NATIONAL, NATIONAL) if is_ours else (SHORTEST, LONGEST)
    if len(national) < least:
        return "The number is too short: digits are missing."
    if len(national) > most:
        return "The number is too long: it has too many digits."
    return "This is no valid telephone number."


def _readings(digits: str) -> tuple[str, ...]:
    """Return how the digits can be meant, the national reading first."""
    if digits.startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return ("+" + digits[2:],)
    if digits.startswith("0"):
        return (digits,)
    return (digits, "+" + digits)
