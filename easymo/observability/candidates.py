"""Find personal data that is left in an output line after masking.

The rules are independent of the masking, so they may see what it overlooked. A clean
line costs one search; only a suspicious line is read closely, by the rules of phone
numbers (region Rwanda). Voucher amounts, epochs, UUIDs, floats and host addresses are
excluded. Pure: no settings, no state.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

from easymo.observability.privacy import mask_msisdn

if TYPE_CHECKING:
    from collections.abc import Iterator

MSISDN, EMAIL = "msisdn", "email"
REGION = "RW"
LONGEST = 64_000
MOST_TRIES = 2_000

# Nine digits separated only by these characters are checked.
_GAPS = b" \t().-/[]"
_FEWEST = b"0" * 9
_SHAPE = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))
# Removed before the search for numbers.
_HARMLESS = re.compile(
    r"(?<![0-9a-zA-Z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9a-zA-Z])"
    # A float: no leading zero in the whole part, and one point.
    r"|(?<![\d.+])(?:0|[1-9]\d*)\.\d+(?:[eE][+\-]?\d+)?(?![\d.])"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"
    r"|(?<!\d)(?:19|20)\d\d[-/][01]\d[-/][0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?)?"
)
_EMAIL = re.compile(r"[\w.+%\-]{1,64}@[\w\-]+(?:\.[\w\-]+)*\.[A-Za-z]{2,24}\b")
_WAMID = re.compile(r"wamid\.[A-Za-z0-9+/_\-]{8,}={0,2}")
_DIGITS_INSIDE = re.compile(rb"[0-9]{9,15}")
# A Rwandan mobile number without its 0 may also be a count. A whole number in a line of
# JSON is one: the masking kept it because of its key.
_BARE = re.compile(r"(?<!\": )(?<![\w.+\-])7[2389]\d[ \-]?\d{3}[ \-]?\d{3}(?![\w.\-])")
# Written so that it can hardly be anything but a phone number.
_STRONG = re.compile(r"(?:\+|00[1-9]|0[1-9]\d{8}$|250\d{9}$)")
_ESCAPED = (
    (re.compile(r"%2[bB]"), "  +"),
    (re.compile(r"%20"), "   "),
)
_BLANKS = frozenset("\u00a0\u202f\u2060\ufeff") | {
    chr(code) for code in range(0x2000, 0x2010)
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that looks personal, and its position."""

    kind: str
    start: int
    end: int
    # E.164 number or address; used only to ask whether it belongs to a known person.
    value: str
    # False: nine bare digits may be a count; they matter only when the number is known.
    is_strong: bool = True

    @property
    def masked(self) -> str:
        return "[e-mail]" if self.kind == EMAIL else mask_msisdn(self.value)


def find(text: str) -> list[Candidate]:
    """Return possible personal data, in order; usually an empty list."""
    if len(text) > LONGEST:
        text = text[:LONGEST]
    if not text.isascii():
        text = _narrowed(text)
    if "%" in text:
        for pattern, instead in _ESCAPED:
            text = pattern.sub(instead, text)
    found: list[Candidate] = []
    if "@" in text:
        found += _emails(text)
    if "wamid." in text:
        found += _wamids(text)
    if _has_digits(text):
        found += _numbers(text)
    return sorted(found, key=lambda each: each.start) if found else found


def _has_digits(text: str) -> bool:
    """Tell whether the line may contain a number: the only cost of a clean line."""
    shape = text.encode("ascii", "replace").translate(_SHAPE, delete=_GAPS)
    return _FEWEST in shape


def _narrowed(text: str) -> str:
    """Replace digits and spaces of all scripts by ASCII, keeping positions."""
    return "".join(
        letter
        if letter.isascii()
        else str(unicodedata.digit(letter, " "))
        if letter.isdigit()
        else " "
        if letter in _BLANKS
        else "+"
        if letter == "\uff0b"
        else letter
        for letter in text
    )


def masked(text: str, found: list[Candidate]) -> str:
    """Return the text with the candidates masked."""
    pieces, end = [], 0
    for each in found:
        if each.is_strong and each.start >= end:
            pieces += [text[end : each.start], each.masked]
            end = each.end
    return "".join([*pieces, text[end:]])


def _emails(text: str) -> Iterator[Candidate]:
    for match in _EMAIL.finditer(text):
        yield Candidate(EMAIL, match.start(), match.end(), match.group().lower())


def _wamids(text: str) -> Iterator[Candidate]:
    for match in _WAMID.finditer(text):
        body = match.group().removeprefix("wamid.").rstrip("=")
        body = body.translate(_URL_SAFE)
        try:
            plain = base64.b64decode(body[: len(body) // 4 * 4])
        except (binascii.Error, ValueError):
            continue
        inside = _DIGITS_INSIDE.search(plain)
        if inside and (value := _e164("+" + inside.group().decode())):
            yield Candidate(MSISDN, match.start(), match.end(), value)


def _numbers(text: str) -> Iterator[Candidate]:
    plain = _HARMLESS.sub(lambda match: "|" * len(match.group()), text)
    if not _has_digits(plain):
        return
    for bare in _BARE.finditer(plain):
        value = f"+250{re.sub(r'[^0-9]', '', bare.group())}"
        yield Candidate(MSISDN, bare.start(), bare.end(), value, is_strong=False)
    matcher = PhoneNumberMatcher(
        plain, REGION, leniency=Leniency.VALID, max_tries=MOST_TRIES
    )
    for match in matcher:
        digits = re.sub(r"[^\d+]", "", match.raw_string)
        yield Candidate(
            MSISDN,
            match.start,
            match.end,
            phonenumbers.format_number(match.number, PhoneNumberFormat.E164),
            is_strong=_STRONG.match(digits) is not None,
        )


def _e164(text: str) -> str:
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


_URL_SAFE = str.maketrans("-_", "+/")
