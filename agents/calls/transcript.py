"""Words of a call as they are stored: no codes, no PIN, numbers masked.

What may be a code, a PIN or a telephone number is blanked: four digits or more, written
or in words. Amounts stay. From the moment when a PIN is asked for until a while after it
was entered, every number is blanked that is not in a fixed text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.language.normalise import plain
from easymo.observability.privacy import scrub
from vouchers.codes import blank_code_digits
from vouchers.reading.digit_words import LANGUAGES, NUMBER_WORDS, REPEATS

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MAX_LENGTH = 8_000
BLANK = "[digits]"
# Digits with pauses between them. Beside stars they are a part of a masked number.
_RUN = re.compile(r"(?<!\d)(?<!\*{3})\d(?:[\s.,\-]{0,2}\d)*(?!\d|\*{3})")
_LEAST = 4
# "10,000. 20,000" are two numbers.
_APART = re.compile(r"([.,]\s+)")
_AMOUNT = re.compile(r"(\d{1,3}(?:[\s.,]\d{3}){1,2}|\d{4,7})(?:[.,]\d{1,2})?")
MOST = 1_000_000
_CURRENCY = r"(?:rwf|frw|rfw|frs?|f|francs?|(?:ama)?faranga|shilingi)"
_BEFORE = re.compile(rf"(?<![^\W\d_]){_CURRENCY}[\s:.]{{0,2}}$", re.IGNORECASE)
_AFTER = re.compile(rf"\s{{0,2}}(?:{_CURRENCY}(?!\w)|/[=-])", re.IGNORECASE)
# No PIN looks like a year: see `pin_policy`.
_YEAR = re.compile(r"(?:19|20)\d\d")
_SECRET = re.compile(
    r"\b(?:pins?|password|mots? de passe|codes? secrets?|ibanga|nywila|nenosiri|siri)\b"
)
_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"[\s.,\-]*")
_DIGIT_WORDS = frozenset(REPEATS) | {
    word
    for language in LANGUAGES
    for word, value in language.units.items()
    if value < 10
}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the call when words are stored."""

    # Amounts that the rows of the call show, in major units.
    amounts: AbstractSet[int] = frozenset()
    is_pin_asked: bool = False
    # A fixed text: it never holds a PIN.
    is_line: bool = False


def scrubbed(text: str, context: Context = Context()) -> str:
    """Return spoken words without codes, PINs and telephone numbers."""
    if not text:
        return ""
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode()
    clean = scrub(blank_code_digits(clean))
    may_hold_pin = context.is_pin_asked or _SECRET.search(plain(clean))
    if may_hold_pin and not context.is_line:
        # "7, um, three, um, nine": each by itself looks harmless.
        least = 1 if _numbers_in(clean) >= _LEAST - 1 else 2
        blanked = _RUN.sub(BLANK, _without_words(clean, NUMBER_WORDS, least=least))
    else:
        words = _without_words(clean, _DIGIT_WORDS, least=_LEAST)
        blanked = _RUN.sub(lambda run: _kept(run, context.amounts), words)
    return blanked[:MAX_LENGTH]


def has_number(text: str) -> bool:
    """Tell whether the context matters for these words."""
    return _numbers_in(text) > 0


def _numbers_in(text: str) -> int:
    words = sum(plain(found) in NUMBER_WORDS for found in _WORD.findall(text))
    return words + sum(sign.isdigit() for sign in text)


def amounts_in(text: str) -> set[int]:
    """Return the amounts that stand with a currency."""
    return {
        value
        for run in _RUN.finditer(text)
        for part, has_currency in _parts(run)
        if has_currency and (value := _value(part)) is not None
    }


def _kept(run: re.Match[str], amounts: AbstractSet[int]) -> str:
    """Blank the numbers of a run that are no amounts."""
    if sum(sign.isdigit() for sign in run[0]) < _LEAST or _YEAR.fullmatch(run[0]):
        return run[0]
    kept = []
    for part, has_currency in _parts(run):
        value = _value(part)
        is_amount = value is not None and (has_currency or value in amounts)
        kept.append(part if is_amount or not part[0].isdigit() else BLANK)
    return "".join(kept)


def _parts(run: re.Match[str]) -> list[tuple[str, bool]]:
    """Return the numbers of a run and what is between them; which has a currency."""
    parts = _APART.split(run[0])
    has_before = bool(
        _BEFORE.search(run.string[max(0, run.start() - 14) : run.start()])
    )
    has_after = bool(_AFTER.match(run.string, run.end()))
    last = len(parts) - 1
    return [
        (part, (has_before and place == 0) or (has_after and place == last))
        for place, part in enumerate(parts)
    ]


def _value(part: str) -> int | None:
    """Return the amount that the digits are, or None when they cannot be one."""
    found = _AMOUNT.fullmatch(part)
    value = int(re.sub(r"\D", "", found[1])) if found else 0
    return value if 0 < value <= MOST and not part.startswith("0") else None


def _without_words(text: str, words: AbstractSet[str], *, least: int) -> str:
    """Blank runs of `least` number words or more."""
    runs: list[tuple[int, int, int]] = []
    for found in _WORD.finditer(text):
        if plain(found[0]) not in words:
            continue
        if runs and _GAP.fullmatch(text, runs[-1][1], found.start()):
            runs[-1] = (runs[-1][0], found.end(), runs[-1][2] + 1)
        else:
            runs.append((found.start(), found.end(), 1))
    for start, end, count in reversed(runs):
        if count >= least:
            text = text[:start] + BLANK + text[end:]
    return text
