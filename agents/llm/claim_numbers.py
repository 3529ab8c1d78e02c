"""Find the numbers in a text, in digits and in words of four languages."""

from __future__ import annotations

import re
from decimal import Decimal

from agents.language.normalise import plain, visible

UNITS = {
    # English
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    # French
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7,
    "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13,
    "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "vingts": 80, "trente": 30,
    "quarante": 40, "cinquante": 50, "soixante": 60,
    # Kinyarwanda; numbers agree with the counted noun
    "rimwe": 1, "kimwe": 1, "abiri": 2, "bibiri": 2, "ebyiri": 2, "kabiri": 2,
    "atatu": 3, "bitatu": 3, "eshatu": 3, "gatatu": 3, "ane": 4, "bine": 4, "enye": 4,
    "kane": 4, "atanu": 5, "bitanu": 5, "eshanu": 5, "gatanu": 5, "atandatu": 6,
    "bitandatu": 6, "esheshatu": 6, "gatandatu": 6, "arindwi": 7, "birindwi": 7,
    "ndwi": 7, "karindwi": 7, "umunani": 8, "icyenda": 9, "icumi": 10,
    "makumyabiri": 20, "mirongo": 10,
    # Swahili
    "sifuri": 0, "moja": 1, "mbili": 2, "tatu": 3, "nne": 4, "tano": 5, "sita": 6,
    "saba": 7, "nane": 8, "tisa": 9, "kumi": 10, "ishirini": 20, "thelathini": 30,
    "arobaini": 40, "hamsini": 50, "sitini": 60, "sabini": 70, "themanini": 80,
    "tisini": 90,
}  # fmt: skip
# English and French count before the magnitude, the other two after it.
BEFORE = {
    "hundred": 100, "thousand": 1_000, "million": 1_000_000, "millions": 1_000_000,
    "cent": 100, "cents": 100, "mille": 1_000, "grand": 1_000,
    "k": 1_000, "m": 1_000_000,
}  # fmt: skip
AFTER = {
    "ijana": 100, "magana": 100, "igihumbi": 1_000, "ibihumbi": 1_000,
    "miliyoni": 1_000_000, "mia": 100, "elfu": 1_000, "laki": 100_000,
    "milioni": 1_000_000,
}  # fmt: skip
JOINERS = {"and", "et", "na", "n"}
CURRENCY = (
    r"(?:rwf|frw|frs?|francs?|amafaranga|faranga|shilingi|shillings?|usd|\$|eur|€)"
)
GROUPED = r"\d{1,3}(?:[ ,.'’]\d{3})+(?!\d)"
SPELLED = r"\d(?: \d){2,}(?!\d)"
NUMBER = re.compile(rf"{GROUPED}|{SPELLED}|\d+(?:[.,]\d+)?(?:e\d+)?")
MONEY = re.compile(
    rf"{CURRENCY}[ :]*(\d[\d ,.'’]*)|(\d[\d ,.'’]*?)[ ]*{CURRENCY}(?![a-z])"
)
# The beginning of a mobile number by itself: "is it 0788 or 0789?"
PREFIX = re.compile(r"(?<![\d.,])07\d{1,2}(?![\d.,]*\d| \d)")
# Smaller numbers usually count minutes, steps or vouchers.
SMALLEST_AMOUNT = 100


def values_in(text: str) -> set[Decimal]:
    """Return every number, in each possible reading."""
    return {*digits_in(text), *words_in(text)}


def digits_in(text: str) -> set[Decimal]:
    found: set[Decimal] = set()
    line = visible(text).lower().replace("\n", " ; ")
    for match in NUMBER.finditer(line):
        base = _decimal(match[0])
        before = _magnitude_before(line, match.start())
        found.add(base * before * _magnitude_after(line, match.end()))
    return found


def amounts_in(text: str) -> set[Decimal]:
    """Return possible amounts: large numbers, and any number with a currency."""
    line = visible(text).lower()
    with_currency = {
        _decimal(raw)
        for match in MONEY.finditer(line)
        if (raw := (match[1] or match[2]).strip(" ,.'’"))
    }
    numbers = values_in(PREFIX.sub(" ", line))
    large = {value for value in numbers if value >= SMALLEST_AMOUNT}
    return large | with_currency


def words_in(text: str) -> set[Decimal]:
    """Return the numbers written in words."""
    found: set[Decimal] = set()
    run: list[str] = []
    beside_digits = False
    for word in [*re.findall(r"[a-z]+|[^a-z\s'-]+", plain(text)), "."]:
        is_number = word in UNITS or word in BEFORE or word in AFTER
        if is_number or (run and word in JOINERS):
            run.append(word)
            continue
        is_said = any(entry in UNITS or _is_magnitude(entry) for entry in run)
        if is_said and not (beside_digits or word.isdigit()):
            found.add(Decimal(_value(run)))
        # "10 thousand" and "elfu 10" are read with their digits.
        beside_digits = word.isdigit()
        run = []
    return found


def digit_words_in(text: str) -> int:
    """Return the length of the longest run of single digits in words."""
    longest = run = 0
    for word in re.findall(r"[a-z]+|\d+", plain(text)):
        is_digit = UNITS.get(word, 10) < 10 or (word.isdigit() and len(word) == 1)
        run = run + 1 if is_digit or (run and word in {"oh", "o", "double"}) else 0
        longest = max(longest, run)
    return longest


def _is_magnitude(word: str) -> bool:
    return (word in BEFORE and word not in {"k", "m"}) or word in AFTER


def _value(run: list[str]) -> int:
    if any(word in AFTER for word in run):
        return _value_after(run)
    total = current = 0
    for word in run:
        if word in {"k", "m"} or word in JOINERS:
            continue
        if word in {"vingt", "vingts"} and current % 100 == 4:
            current += 76
        elif word in UNITS:
            current += UNITS[word]
        elif BEFORE[word] == 100:
            current = max(current, 1) * 100
        else:
            total += max(current, 1) * BEFORE[word]
            current = 0
    return total + current


def _value_after(run: list[str]) -> int:
    """Sum "ibihumbi icumi na bitanu": 15 thousand; "elfu tano mia mbili": 5,200."""
    total = current = 0
    magnitude = 1
    for word in run:
        if word in AFTER:
            total += magnitude * (current or (1 if magnitude > 1 else 0))
            magnitude, current = AFTER[word], 0
        elif word == "mirongo":
            current = current or 0
        elif word in UNITS:
            current += UNITS[word]
    return total + magnitude * max(current, 1)


def _decimal(raw: str) -> Decimal:
    """Parse digits; a group of three after a separator means thousands."""
    if re.fullmatch(GROUPED, raw) or re.fullmatch(SPELLED, raw):
        return Decimal(re.sub(r"\D", "", raw))
    plain_number = raw.replace(" ", "").replace("’", "").replace("'", "")
    mantissa, _, exponent = plain_number.partition("e")
    number = mantissa.replace(",", ".")
    if number.count(".") > 1:
        number = number.replace(".", "")
    return Decimal(number).scaleb(min(int(exponent[:3] or 0), 12))


def _magnitude_after(line: str, end: int) -> int:
    following = re.match(r" ?([a-z]+)", line[end:])
    word = following[1] if following else ""
    if word in {"k", "m"} and line[end : end + 1] == " ":
        return 1
    return BEFORE.get(word, 1) if word != "cents" else 1


def _magnitude_before(line: str, start: int) -> int:
    preceding = re.search(r"([a-z]+) ?$", line[:start])
    return AFTER.get(preceding[1], 1) if preceding else 1
