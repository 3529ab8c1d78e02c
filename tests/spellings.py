"""Spellings of codes and telephone numbers, as people write, paste and dictate them."""

from __future__ import annotations

import random
from itertools import pairwise

from vouchers.reading.damm import damm_digit

SEPARATORS = (
    *("", " ", "  ", "\u00a0", "\u202f", "\u2009", "\u200a", "\u3000", "\n", "\r\n"),
    *("\t", ".", ",", ", ", "/", "_", "-", " - ", "\u2010", "\u2011", "\u2013"),
    *("\u2014", "\u2212", "\ufe58", "*", "**", "~", "`", "|", "+", ":", ";", "=", "#"),
    *("\\", "'", '"', "\u2026", "\u00b7", "\u2022 ", "\u200b", "\u200d", "\u2060"),
    *(
        "\u200e",
        "\u202a",
        "\u2066",
        "\u2800",
        "\u0640",
        " \U0001f449 ",
        "%20",
        "&nbsp;",
        "\n> ",
    ),
    *(" then ", " and ", ", puis ", " et ", " hanyuma ", " na ", " kisha ", " halafu "),
)
_ASCII = "0123456789"
SCRIPTS = {
    "ascii": tuple(_ASCII),
    "full-width": tuple("０１２３４５６７８９"),
    "arabic-indic": tuple("٠١٢٣٤٥٦٧٨٩"),
    "extended-arabic": tuple("۰۱۲۳۴۵۶۷۸۹"),
    "devanagari": tuple("०१२३४५६७८९"),
    "bengali": tuple("০১২৩৪৫৬৭৮৯"),
    "mathematical": tuple("𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"),
    "circled": tuple("⓪①②③④⑤⑥⑦⑧⑨"),
    "superscript": tuple("⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "chinese": tuple("〇一二三四五六七八九"),
    "keycaps": tuple(f"{digit}\ufe0f\u20e3" for digit in _ASCII),
    "struck": tuple(f"{digit}\u0336" for digit in _ASCII),
    "zero-width": tuple(f"{digit}\u200b" for digit in _ASCII),
}
SIZES = ((4,) * 4, (16,), (8, 8), (2,) * 8, (1,) * 16, (5, 5, 6), (6, 6, 4))
WORDS = {
    "en": (
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ),
    "en-oh": (
        "oh",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ),
    "fr": (
        "zéro",
        "un",
        "deux",
        "trois",
        "quatre",
        "cinq",
        "six",
        "sept",
        "huit",
        "neuf",
    ),
    "rw": (
        *("zeru", "rimwe", "kabiri", "gatatu", "kane", "gatanu", "gatandatu"),
        *("karindwi", "umunani", "icyenda"),
    ),
    "rw-noun": (
        *("zero", "imwe", "ebyiri", "eshatu", "enye", "eshanu", "esheshatu"),
        *("indwi", "munani", "cyenda"),
    ),
    "sw": (
        "sifuri",
        "moja",
        "mbili",
        "tatu",
        "nne",
        "tano",
        "sita",
        "saba",
        "nane",
        "tisa",
    ),
}
BETWEEN_WORDS = (" ", ", ", "-", ". ", "\n", " then ", " puis ", " hanyuma ", " kisha ")
# All are +250788123456.
NUMBERS = (
    "0788123456", "788123456", "250788123456", "00250788123456", "+250788123456",
    "+250 788 123 456", "(0)788 123 456", "(+250) 788 123 456", "+250 (0)788 123 456",
    "+250(0)788123456", "0788 123 456", "0788-123-456", "0788.123.456", "(0788) 123 456",
    "07 88 12 34 56", "+250-788-123-456", "+250\u00a0788\u00a0123\u00a0456",
    "+250\u202f788\u202f123\u202f456", "0788\u2009123\u2009456", "0788\t123\t456",
    "0788\u2010123\u2010456", "0788\u2011123\u2011456", "0788\u2013123\u2013456",
    "0788\u2014123\u2014456", "0788\u2212123\u2212456", "\u202a+250 788 123 456\u202c",
    "\u200e0788123456\u200f", "\u2066+250788123456\u2069", "\u200f+250788123456",
)  # fmt: skip
REFUSED_NUMBERS = (
    "٠٧٨٨١٢٣٤٥٦", "０７８８１２３４５６", "۰۷۸۸۱۲۳۴۵۶", "०७८८१२३४५६", "\uff0b250788123456",
    "O788123456", "+2507881234567", "07881234567", "078812345", "+25078812345", "0788",
    "++250788123456", "0788/123/456", "0788_123_456", "0788,123,456", "0788x123456",
    "0788\u200b123456", "(0788123456", "0788)123456", "+250788123456;ext=5",
    "tel:+250788123456", "0788123456\x00", "0123456789", "999",
)  # fmt: skip


def make_code(seed: object) -> str:
    """Return a valid code, the same for the same seed."""
    body = f"{random.Random(repr(seed)).randrange(10**15):015}"
    return body + damm_digit(body)


def with_typo(code: str) -> str:
    place = int(code[0]) % 16
    return code[:place] + str((int(code[place]) + 3) % 10) + code[place + 1 :]


def written(
    code: str,
    *,
    separator: str = " ",
    script: str = "ascii",
    sizes: tuple[int, ...] = (4,) * 4,
) -> str:
    """Return the code in this spelling."""
    signs = [SCRIPTS[script][int(digit)] for digit in code]
    places = [0]
    for size in sizes:
        places.append(places[-1] + size)
    return separator.join(
        "".join(signs[start:stop]) for start, stop in pairwise(places)
    )


def dictated(code: str, language: str, between: str = " ") -> str:
    return between.join(WORDS[language][int(digit)] for digit in code)
