"""Find amounts, telephone numbers, codes and references in a message.

An ambiguous value is marked `unclear`, so that it is asked for. The tools use the same
reader to decide whether a confirm button is needed, so it reads plain ASCII digits only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.offline.number_words import read_mixed, read_spelled
from vouchers.msisdn import FoundNumber, InvalidMsisdn, find_numbers, parse
from vouchers.reading.digit_groups import may_hold_digits, readings_of
from vouchers.reading.signs import PASTED_MARKS

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\t", " "))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011", "-"))
_MARKS = re.compile(f"[{''.join(sorted(PASTED_MARKS))}]")
_PLACEHOLDER = re.compile(r"\[code (\d{1,3})\]", re.IGNORECASE)
_MISTYPED = re.compile(r"\[mistyped code\]", re.IGNORECASE)
# An earlier part of a code that "[code 1]" stands for.
_PART = re.compile(r"\[part of a code\]", re.IGNORECASE)
# With dashes, or without them and with a digit, which tells it from a word.
_REFERENCE = re.compile(
    r"(?<![\w-])(v[2-9a-z])(?:-([2-9a-z]{4})-|(?=\w*\d)([2-9a-z]{4}))([2-9a-z]{2})(?![\w-])",
    re.ASCII | re.IGNORECASE,
)
# With other marks or spaces between its parts, and a digit behind: "V2 X84K F2".
_LOOSE_REFERENCE = re.compile(
    r"(?<![\w-])(v[2-9a-z])[ ._–—-]{1,2}(?=[2-9a-z .\-_–—]*\d)([2-9a-z]{4})[ ._–—-]{1,2}"
    r"([2-9a-z]{2})(?![\w-])",
    re.ASCII | re.IGNORECASE,
)
_CURRENCY = r"(?:rwf|frw|rfw|francs?|faranga|amafaranga|frs?|/=|/-)"
_AMOUNT = re.compile(
    rf"{_CURRENCY}?[ ]?(\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}}(?: \d{{3}})+(?!\S)|\d+)"
    rf"[ ]?{_CURRENCY}?",
    re.ASCII | re.IGNORECASE,
)
_CHUNK = re.compile(
    rf"(?:{_CURRENCY} )?\S*\d\S*(?: \d{{3}}(?![\w.,]))*"
    rf"(?: \d{{3}}(?:f|{_CURRENCY})(?!\w)| k(?!\w)| {_CURRENCY}(?!\w))?",
    re.ASCII | re.IGNORECASE,
)
_FOREIGN_MONEY = re.compile(
    r"[$€£¥₦₹]|\d ?cents?\b|\b(?:usd|eur|euros?|dollars?|dolari|dola|gbp|pounds?|kes|ksh|ugx|tzs|bif"
    r"|amadolari|amadorali|amayero|yuro|shillings?|shilingi|litres?|liters?|lita|litiro|percent|centimes?)\b",
    re.IGNORECASE,
)
# Amounts as people write them: "10k", "2.5k", "50.000F", "9,000/=", "10000.00".
_LOOSE_AMOUNT = re.compile(
    rf"{_CURRENCY}?[ ]?(?:(?P<thousands>\d{{1,3}})(?:[.,](?P<hundreds>\d))?[ ]?k"
    r"|(?P<whole>\d{1,3}(?:[.,]\d{3})+|\d{1,3}(?: \d{3})+|\d{4,})(?:[.,]00)?)"
    rf"(?:[ ]?(?:{_CURRENCY}|f|=))?",
    re.ASCII | re.IGNORECASE,
)
# A number plate, a time, a date, a pump: no amount.
_OTHER = re.compile(
    r"\br[a-z]{2} ?\d{3} ?[a-z]\b"
    r"|(?<![\d.,])\d{1,2}(?::\d\d|h(?:\d\d)?\b| ?h(?:rs?|ours)\b|/7\b| ?[ap]m\b)"
    # Words of short messages: "gr8", "b4", "2 me", "4 me", "un bon 2 6500".
    r"|\b(?:gr8|b4|l8r?|m8|w8|h8|str8|2day|2nite|2mor+ow|any1|some1|every1|no1|[24][ui])\b"
    r"|(?<![\w.,])[24](?= (?:[a-z]{1,2}|me|my|h(?:im|er|is)|the|that|this|us|them|la|le|mon)\b)"
    r"|(?<![\w.,])[24](?= +(?:\ue012|\+|\d{4}(?!\d)|\d{5}))"
    r"|\b(?:saa|pump|pompe|pampu|no\.?|n°) \d{1,2}\b(?![.,:]\d)"
    # "At 7": never an amount.
    r"|\b(?:at|by|before|after|à|avant|vers) \d{1,2}\b(?![.,:]?\d| ?k\b| \d{3}\b)"
    r"|(?<![\d.,/])\d{1,2}([/-])\d{1,2}\1\d{2,4}(?![\d.,/])",
    re.ASCII | re.IGNORECASE,
)
# "1 voucher", "vocha 1": the figure counts vouchers.
_ONE_VOUCHER = re.compile(
    r"(?<![\w.,])1 (?=(?:vouchers?|vocha|voca|bons?|coupons?|kuponi)\b)"
    r"|(?<=\bvocha )1(?= )|(?<=\bvoucher )1(?= )|(?<=\bbon )1(?= )",
    re.IGNORECASE,
)
_SPOKEN_NUMBER = re.compile(r"(?:(?:00)?250|0)?7[2389]\d{7}", re.ASCII)
_MINUS = re.compile(r"(?:[-−–—]|\b(?:minus|moins|negative)\b) *$", re.IGNORECASE)
_EDGES = "\"'“”„«»()*_~:;!?,.…"
_LONGEST_AMOUNT = 7


@dataclass(frozen=True)
class Slots:
    """The values in a text; `unclear` means that a value must be asked for."""

    amounts: tuple[int, ...] = ()
    amount_unclear: bool = False
    # The amount was written in words, not in digits.
    amount_in_words: bool = False
    numbers: tuple[str, ...] = ()
    number_unclear: bool = False
    # 1 for "[code 1]".
    codes: tuple[int, ...] = ()
    mistyped_code: bool = False
    references: tuple[str, ...] = ()
    # A number was dictated in words.
    number_in_words: bool = False
    # Each number of `numbers` as the person wrote it.
    written_numbers: tuple[str, ...] = ()
    # The text with ";" in place of codes, references and numbers, "#" of amounts.
    marked: str = ""
    # The text with "@v" in place of codes and references, "@n" of numbers, "#" of amounts.
    typed: str = ""

    @property
    def rest(self) -> str:
        """The other words of the text."""
        return " ".join(self.marked.replace(";", " ").replace("#", " ").split())

    @property
    def amount(self) -> int | None:
        if self.amount_unclear or len(self.amounts) != 1:
            return None
        return self.amounts[0]

    @property
    def number(self) -> str | None:
        if self.number_unclear or len(self.numbers) != 1:
            return None
        return self.numbers[0]

    @property
    def voucher(self) -> str | None:
        """The only voucher named, by "[code 1]" or by reference."""
        named = [f"[code {n}]" for n in self.codes] + list(self.references)
        return named[0] if len(named) == 1 and not self.mistyped_code else None

    @property
    def has_voucher(self) -> bool:
        return bool(self.codes or self.references or self.mistyped_code)

    @property
    def has_any(self) -> bool:
        return bool(
            self.amounts
            or self.amount_unclear
            or self.numbers
            or self.number_unclear
            or self.has_voucher
        )


def read_slots(text: str) -> Slots:
    """Return the values in the text."""
    text = plain_signs(text)
    hostile = has_strange_digits(text)
    codes = tuple(dict.fromkeys(int(found[1]) for found in _PLACEHOLDER.finditer(text)))
    mistyped = bool(_MISTYPED.search(text))
    rest = _PLACEHOLDER.sub(_VOUCHER, _PART.sub(" ", text))
    rest = _MISTYPED.sub(_VOUCHER, rest)
    references = _unique(
        f"{found[1]}-{found[2] or found[3]}-{found[4]}".upper()
        for found in _REFERENCE.finditer(rest)
    )
    rest = _REFERENCE.sub(_VOUCHER, rest)
    numbers: dict[str, str] = {}
    found_numbers = find_numbers(rest)
    for each in found_numbers:
        numbers.setdefault(each.number, rest[each.start : each.end])
    for each in reversed(found_numbers):
        rest = f"{rest[: each.start]}{_NUMBER}{rest[each.end :]}"
    spoken = _spoken_numbers(rest)
    for each in reversed(spoken):
        numbers.setdefault(each.number, rest[each.start : each.end])
        rest = f"{rest[: each.start]}{_NUMBER}{rest[each.end :]}"
    mixed, rest = read_mixed(rest)
    amounts, amount_unclear, number_unclear, rest = _read_amounts(rest)
    spelled = read_spelled(rest)
    in_words = [*mixed, *spelled.values]
    return Slots(
        amounts=_unique([*amounts, *in_words]),
        amount_unclear=hostile or amount_unclear or spelled.is_unclear,
        amount_in_words=bool(in_words),
        numbers=tuple(numbers),
        number_in_words=bool(spoken),
        written_numbers=tuple(numbers.values()),
        number_unclear=hostile or number_unclear,
        codes=codes,
        mistyped_code=mistyped,
        references=references,
        marked=" ".join(_MARKS_OF_KINDS.sub("", rest).split()),
        typed=" ".join(rest.replace("\ue011;", "@v").replace("\ue012;", "@n").split()),
    )


def plain_signs(text: str) -> str:
    """Return the text with plain spaces, dashes, apostrophes and references."""
    text = _MARKS.sub("", text.translate(_SPACES).translate(_DASHES))
    text = _LOOSE_REFERENCE.sub(r"\1-\2-\3", text)
    return text.replace("’", "'").replace("‘", "'").replace("ʼ", "'")


def has_strange_digits(text: str) -> bool:
    """Tell whether the text has digits other than 0 to 9, or hidden marks in them."""
    for at, sign in enumerate(text):
        if not sign.isascii() and unicodedata.category(sign) in {"Nd", "No", "Nl"}:
            return True
        near = text[max(0, at - 1) : at + 2]
        if unicodedata.category(sign) == "Cf" and any(s.isdigit() for s in near):
            return True
    return False


def _spoken_numbers(text: str) -> list[FoundNumber]:
    """Find the telephone numbers that are dictated in words."""
    if not may_hold_digits([text], 9):
        return []
    for runs in readings_of([text]):
        found = []
        for run in runs:
            digits = "".join(group.digits for group in run)
            is_spoken = all(group.is_spoken for group in run)
            if is_spoken and _SPOKEN_NUMBER.fullmatch(digits):
                try:
                    number = parse(digits)
                except InvalidMsisdn:
                    continue
                found.append(FoundNumber(run[0].start, run[-1].end, number))
        if found:
            return found
    return []


def _read_amounts(text: str) -> tuple[list[int], bool, bool, str]:
    amounts: list[int] = []
    amount_unclear = bool(_FOREIGN_MONEY.search(text))
    number_unclear = False
    kept = [found[0] for found in _OTHER.finditer(text)]
    text = _ONE_VOUCHER.sub("", _OTHER.sub(_KEPT, text))
    for found in _CHUNK.finditer(text):
        chunk = found[0].strip(_EDGES + " ")
        amount = _amount_of(chunk)
        if _looks_like_msisdn(chunk):
            number_unclear = True
        elif amount is not None and not _MINUS.search(text[: found.start()]):
            amounts.append(amount)
        else:
            amount_unclear = True
    text = _CHUNK.sub(" # ", text)
    for one in kept:
        text = text.replace(_KEPT, one, 1)
    return amounts, amount_unclear, number_unclear, text


# Stands for text that is no amount; a private character.
_KEPT = "\ue001"
# Stand for a voucher and a number, with private characters that tell them apart.
_VOUCHER, _NUMBER = " \ue011; ", " \ue012; "
_MARKS_OF_KINDS = re.compile("[\ue011\ue012]")


def _amount_of(chunk: str) -> int | None:
    """Return the amount that the chunk is, in one of the usual spellings."""
    if whole := _AMOUNT.fullmatch(chunk):
        digits = re.sub(r"[ ,]", "", whole[1])
    elif loose := _LOOSE_AMOUNT.fullmatch(chunk):
        if loose["thousands"]:
            digits = f"{loose['thousands']}{loose['hundreds'] or '0'}00"
        else:
            digits = re.sub(r"[ .,]", "", loose["whole"])
    else:
        return None
    return int(digits) if _is_plain_amount(digits) else None


def _is_plain_amount(digits: str) -> bool:
    return 0 < len(digits) <= _LONGEST_AMOUNT and not digits.startswith("0")


def _looks_like_msisdn(chunk: str) -> bool:
    digits = re.sub(r"\D", "", chunk, flags=re.ASCII)
    starts = chunk.startswith("+") or (digits.startswith("0") and len(digits) > 5)
    return starts or len(digits) > _LONGEST_AMOUNT + 1


def _unique[T](values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
