"""Read digits and small numbers that are spoken, in four languages.

"forty eight" is 48 or 40 and 8, so a text has several readings: see ``READINGS``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Language(NamedTuple):
    """The number words of one language."""

    units: dict[str, int]
    tens: dict[str, int]
    joins: frozenset[str]
    # "ishirini na tatu": the join is needed.
    needs_join: bool
    hundreds: frozenset[str]
    thousands: frozenset[str]
    # "elfu nne", but "four thousand".
    counts_last: bool


def _spelled(*words: str) -> dict[str, int]:
    """Number the words from zero; each entry lists the spellings of one number."""
    return {word: value for value, entry in enumerate(words) for word in entry.split()}


ENGLISH = Language(
    units=_spelled(
        "zero oh o nought nil", "one", "two", "three", "four", "five", "six",
        "seven", "eight", "nine niner", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ),
    tens={
        "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70, "eighty": 80, "ninety": 90,
    },
    joins=frozenset({"and"}), needs_join=False,
    hundreds=frozenset({"hundred"}), thousands=frozenset({"thousand"}),
    counts_last=False,
)  # fmt: skip
FRENCH = Language(
    units=_spelled(
        "zero", "un une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit",
        "neuf", "dix", "onze", "douze", "treize", "quatorze", "quinze", "seize",
    ),
    tens={
        "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50,
        "soixante": 60, "septante": 70, "huitante": 80, "octante": 80, "nonante": 90,
    },
    joins=frozenset({"et"}), needs_join=False,
    hundreds=frozenset({"cent", "cents"}), thousands=frozenset({"mille"}),
    counts_last=False,
)  # fmt: skip
# Numbers agree with the counted noun.
KINYARWANDA = Language(
    units=_spelled(
        "zeru zero ubusa", "rimwe kimwe umwe imwe bumwe hamwe kamwe",
        "kabiri abiri bibiri ebyiri babiri twabiri habiri",
        "gatatu atatu bitatu eshatu batatu hatatu itatu",
        "kane ane bine enye bane hane ine",
        "gatanu atanu bitanu eshanu batanu hatanu itanu",
        "gatandatu atandatu bitandatu esheshatu batandatu itandatu",
        "karindwi arindwi birindwi indwi ndwi barindwi irindwi", "umunani munani inani",
        "icyenda cyenda", "icumi cumi",
    ),
    tens={"makumyabiri": 20},
    joins=frozenset({"na", "n", "no"}), needs_join=True,
    hundreds=frozenset({"magana", "ijana"}),
    thousands=frozenset({"ibihumbi", "igihumbi"}), counts_last=True,
)  # fmt: skip
SWAHILI = Language(
    units=_spelled(
        "sifuri ziro zero sufuri", "moja mosi", "mbili wili", "tatu", "nne", "tano",
        "sita", "saba", "nane", "tisa", "kumi",
    ),
    tens={
        "ishirini": 20, "thelathini": 30, "arobaini": 40, "arubaini": 40, "hamsini": 50,
        "sitini": 60, "sabini": 70, "themanini": 80, "tisini": 90,
    },
    joins=frozenset({"na"}), needs_join=True,
    hundreds=frozenset({"mia"}), thousands=frozenset({"elfu"}), counts_last=True,
)  # fmt: skip
LANGUAGES = (ENGLISH, FRENCH, KINYARWANDA, SWAHILI)
_FOUR_SCORE = (("quatre", "vingt"), ("quatre", "vingts"))
TENS_OF_KINYARWANDA = "mirongo"
REPEATS = {"double": 2, "triple": 3, "treble": 3}
# A transcript may hold these for digits.
HOMOPHONES = {"to": 2, "too": 2, "for": 4, "ate": 8, "won": 1, "tree": 3, "sex": 6}
# Words that people say between the parts of a number.
BETWEEN = frozenset({
    "and", "then", "next", "followed", "by", "comma", "dash", "hyphen", "dot",
    "point", "slash", "space", "minus", "stroke", "underscore", "um", "uh", "erm",
    "ok", "okay", "after", "that", "lastly", "finally", "et", "puis", "ensuite",
    "apres", "alors", "enfin", "virgule", "tiret", "trait", "espace", "barre",
    "euh", "ca", "hanyuma", "noneho", "nuko", "maze", "kandi", "na", "no", "n",
    "akadomo", "hagakurikira", "nyuma", "kisha", "halafu", "alafu", "baadaye",
    "tena", "nukta", "mkwaju", "x",
})  # fmt: skip
_BY_WORD: dict[str, list[tuple[Language, int]]] = {}
for _language in LANGUAGES:
    for _word, _value in _language.units.items():
        _BY_WORD.setdefault(_word, []).append((_language, _value))
NUMBER_WORDS = frozenset(
    {*_BY_WORD, *REPEATS, TENS_OF_KINYARWANDA}.union(
        *(
            {*language.tens, *language.hundreds, *language.thousands}
            for language in LANGUAGES
        )
    )
)


class Reading(NamedTuple):
    """How far number words are combined."""

    largest: int
    has_homophones: bool = False


# Tried in this order: "four thousand and one", "forty eight", "forty" and "eight".
READINGS = (Reading(9_999), Reading(99), Reading(9), Reading(9, has_homophones=True))


@lru_cache(maxsize=4_096)
def read_at(words: tuple[str, ...], reading: Reading) -> tuple[str, int]:
    """Return the digits that the words begin with, and the number of words."""
    if not words:
        return "", 0
    if words[0] in REPEATS and len(words) > 1:
        unit = _unit(words[1])
        if unit is not None or (len(words[1]) == 1 and words[1].isdigit()):
            digit = words[1] if unit is None else str(unit)
            return digit * REPEATS[words[0]], 2
    best = ("", 0)
    for language in LANGUAGES:
        value, size = 0, 0
        if reading.largest > 99:
            value, size = _large(words, language)
        if not size and reading.largest > 9:
            value, size = _pair(words, language)
        if not size:
            value, size = _single(words[0], language)
        if size > best[1]:
            best = (str(value), size)
    if not best[1] and reading.has_homophones and words[0] in HOMOPHONES:
        return str(HOMOPHONES[words[0]]), 1
    return best


def _unit(word: str) -> int | None:
    return next((value for _, value in _BY_WORD.get(word, ()) if value < 10), None)


def _single(word: str, language: Language) -> tuple[int, int]:
    if word in language.units:
        return language.units[word], 1
    return (language.tens[word], 1) if word in language.tens else (0, 0)


def _pair(words: Sequence[str], language: Language) -> tuple[int, int]:
    """Read a number from 1 to 99: "quatre-vingt-dix-sept", "mirongo ine na kabiri"."""
    if not words:
        return 0, 0
    if language is FRENCH and words[:2] in _FOUR_SCORE:
        return _with_unit(80, 2, words, language)
    if language is KINYARWANDA and words[0] == TENS_OF_KINYARWANDA:
        count = language.units.get(words[1], 0) if len(words) > 1 else 0
        return _with_unit(count * 10, 2, words, language) if 2 < count < 10 else (0, 0)
    if words[0] in language.tens:
        return _with_unit(language.tens[words[0]], 1, words, language)
    if language.units.get(words[0]) == 10 and language in (
        FRENCH,
        KINYARWANDA,
        SWAHILI,
    ):
        return _with_unit(10, 1, words, language)
    return _single(words[0], language)


def _with_unit(
    tens: int, size: int, words: Sequence[str], language: Language
) -> tuple[int, int]:
    at = size
    is_joined = at < len(words) and words[at] in language.joins
    at += is_joined
    if at >= len(words) or (language.needs_join and not is_joined):
        return tens, size
    unit = language.units.get(words[at], 0)
    if language is FRENCH and words[at : at + 2] in _FOUR_SCORE:
        return tens, size
    if language is FRENCH and tens in {60, 80} and unit == 10:
        unit, more = _with_unit(10, 1, words[at:], language)
        return tens + unit, at + more
    most = 16 if language is FRENCH and tens in {60, 80} else 9
    least = 7 if language is FRENCH and tens == 10 else 1
    return (tens + unit, at + 1) if least <= unit <= most else (tens, size)


def _large(words: Sequence[str], language: Language) -> tuple[int, int]:
    """Read a number from 100 to 9,999 that names its hundreds or thousands."""
    total = at = 0
    for names, scale in ((language.thousands, 1_000), (language.hundreds, 100)):
        part, size = _scaled(words[at:], language, names, scale, is_first=not at)
        total += part
        at += size
    if not at:
        return 0, 0
    rest = at + (at < len(words) and words[at] in language.joins)
    value, size = _pair(words[rest:], language)
    return (total + value, rest + size) if size and value else (total, at)


def _scaled(
    words: Sequence[str],
    language: Language,
    names: frozenset[str],
    scale: int,
    *,
    is_first: bool,
) -> tuple[int, int]:
    at = 0
    if not is_first and words[:1] and words[0] in language.joins:
        at = 1
    if language.counts_last:
        if at >= len(words) or words[at] not in names:
            return 0, 0
        count, size = (
            _single(words[at + 1], language) if at + 1 < len(words) else (0, 0)
        )
        if 0 < count < 10:
            return count * scale, at + 1 + size
        return scale, at + 1
    if at < len(words) and words[at] in names:
        return scale, at + 1
    count, size = _single(words[at], language) if at < len(words) else (0, 0)
    if 0 < count < 10 and at + size < len(words) and words[at + size] in names:
        return count * scale, at + size + 1
    return 0, 0
