"""Telephone numbers, stored in E.164 format."""

from __future__ import annotations

import re
from typing import NamedTuple

import phonenumbers

from easymo.sentences import translatable
from vouchers.reading.signs import PASTED_MARKS, is_separator, without_separators

REGION = "RW"
# Digits of a national number, and of a foreign one with its country code (E.164).
NATIONAL = 9
SHORTEST, LONGEST = 8, 15
LONGEST_WRITTEN = 64
_DIGITS = re.compile(r"(?:\+|00)?[0-9]{1,24}")
_BRACKETS = re.compile(r"[^()]*(?:\([^()]*\)[^()]*){0,2}")
# The "(0)" of "+250 (0)788 123 456" is not dialled with the country code.
_TRUNK_ZERO = re.compile(r"(\+250|00250|250)0(?=[0-9]{9}$)")


class InvalidMsisdn(ValueError):
    """The text is not a valid telephone number."""


class FoundNumber(NamedTuple):
    """A telephone number in a text."""

    start: int
    end: int
    # E.164, or as it was written when it is invalid.
    number: str


def parse(text: object) -> str:
    """Return the number as ``+250788123456``.

    Separators as people paste them are ignored: spaces, dashes, dots, brackets and
    invisible marks. Other digits than 0 to 9 are refused, because they would give one
    number a second spelling.
    """
    if not isinstance(text, str):
        raise InvalidMsisdn(translatable("The number must be text."))
    digits = without_separators(text) if len(text) <= LONGEST_WRITTEN else ""
    if not _DIGITS.fullmatch(digits) or not _BRACKETS.fullmatch(text):
        raise InvalidMsisdn(
            translatable("The number must be digits, with or without +.")
        )
    digits = _TRUNK_ZERO.sub(r"\1", digits)
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


def find_numbers(text: str) -> list[FoundNumber]:
    """Find the telephone numbers in a text, in the spellings that ``parse`` takes.

    A Rwandan mobile number needs no "+". Any other number does.
    """
    plain, places = _without_marks(text)
    found: list[FoundNumber] = []
    for pattern in (_RWANDAN, _BARE, _FOREIGN):
        for match in pattern.finditer(plain):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if any(start < each.end and each.start < end for each in found):
                continue
            written = match.group()
            try:
                number = parse(written)
            except InvalidMsisdn:
                number = without_separators(written)
            found.append(FoundNumber(start, end, number))
    return sorted(found)


def _without_marks(text: str) -> tuple[str, list[int]]:
    """Return the text without pasted marks and with plain separators; and places."""
    plain: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char in PASTED_MARKS:
            continue
        is_gap = is_separator(char)
        is_foreign_dash = is_gap and not char.isascii() and not char.isspace()
        plain.append(
            "-" if is_foreign_dash else " " if char.isspace() and is_gap else char
        )
        places.append(place)
    return "".join(plain), places


_GAP = r"(?:[ .\-]{0,2}|\) ?| ?\()"
_EIGHT = rf"(?:{_GAP}[0-9]){{8}}"
_AFTER = r"(?![0-9\w])(?![.,][0-9])"
_BEFORE = r"(?<![\w+.,\-])"
_COUNTRY = r"\(?(?:\+|00)?[ ]?250\)?"
# In the usual groups; "250" without "+" stands in one piece or not after a digit.
_RWANDAN = re.compile(
    rf"{_BEFORE}(?:2507[0-9]{{8}}"
    rf"|(?<![0-9] ){_COUNTRY}{_GAP}(?:\(0\)|0)?{_GAP}7{_EIGHT}"
    rf"|\(?(?:\+|00)250\)?{_GAP}(?:\(0\)|0)?{_GAP}7{_EIGHT}"
    rf"|\(?0\)?{_GAP}7{_EIGHT}){_AFTER}"
)
# Without the 0 it has nine digits together or three times three.
_BARE = re.compile(
    rf"{_BEFORE}(?:7[2389][0-9]{{7}}|(?<![0-9] )7[2389][0-9](?:[ .\-][0-9]{{3}}){{2}})"
    rf"{_AFTER}(?! ?[0-9]{{3}}\b)"
)
_FOREIGN = re.compile(rf"{_BEFORE}\(?(?:\+ ?|00)[1-9](?:{_GAP}[0-9]){{6,14}}{_AFTER}")


def _error_text(digits: str) -> str:
    """Return the error text: too short, too long, or not valid."""
    plain = digits.removeprefix("+").removeprefix("00")
    national = plain.removeprefix("250").removeprefix("0")
    is_national = plain != national or not digits.startswith(("+", "00"))
    least, most = (NATIONAL, NATIONAL) if is_national else (SHORTEST, LONGEST)
    if len(national) < least:
        return translatable("The number is too short: digits are missing.")
    if len(national) > most:
        return translatable("The number is too long: it has too many digits.")
    return translatable("This is no valid telephone number.")


def _readings(digits: str) -> tuple[str, ...]:
    """Return the possible readings of the digits, the national one first."""
    if digits.startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return ("+" + digits[2:],)
    if digits.startswith("0"):
        return (digits,)
    return (digits, "+" + digits)
