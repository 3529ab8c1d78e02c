"""Find the station and the reason beside a command, and the words before an answer."""

from __future__ import annotations

import re

from agents.language.lexicons.vocabulary import LEXICONS, fold
from agents.language.phrases import anywhere, words_of

_NAMED = re.compile(
    r"\[(?:mistyped )?code[^\]]*\]|\bv\w-\w{4}-\w{2}\b|\bv(?=\w*\d)\w{7}\b",
    re.IGNORECASE,
)
_POLITE_END = re.compile(
    r"\s*\b(?:please|pls|svp|stp|tafadhali|nyamuneka|station|now)\s*$", re.IGNORECASE
)
_LONGEST_STATION = 60


def split_reason(text: str) -> tuple[str, str | None]:
    """Split "because …" from the text: a reason contains no command."""
    folded = fold(text)
    if len(folded) != len(text):
        folded = text.casefold() if len(text.casefold()) == len(text) else text
    best: re.Match[str] | None = None
    for pattern in _REASONS:
        found = pattern.search(folded)
        if found and (best is None or found.start() < best.start()):
            best = found
    if best is None:
        return text, None
    reason = " ".join(text[best.end() :].split()).strip(" .:,-")
    return text[: best.start()], reason[:300] or None


def station_in(text: str) -> str | None:
    """Return the words after "at", if they can be the name of a station."""
    text = _NAMED.sub("\n", text)
    for pattern in _PLACES:
        for found in reversed(list(pattern.finditer(text))):
            if name := _clean_station(found["name"]):
                return name
    return None


def bare_station(text: str) -> str | None:
    """Return the answer to "at which station?", with or without "at"."""
    return station_in(text) or _clean_station(_NAMED.sub(" ", text))


def without_answer_words(text: str) -> str:
    """Return the answer without its introduction: "5000" for "it is 5000"."""
    folded = fold(text)
    if len(folded) != len(text):
        return text
    start = 0
    while found := _ANSWER.match(folded, start):
        start = found.end()
    return text[start:]


def _clean_station(name: str) -> str | None:
    name = re.split(r"[\n.,;!?]", name, maxsplit=1)[0]
    while name != (shorter := _POLITE_END.sub("", name)):
        name = shorter
    name = name.strip(" \"'*_-:")
    words = words_of(name)
    is_other = anywhere(words, "voucher") or not re.search(r"[^\W\d_]", name)
    if not 1 <= len(words) <= 6 or is_other or len(name) > _LONGEST_STATION:
        return None
    return name


_ANSWERS = "|".join(
    re.escape(fold(entry))
    for entry in sorted(
        {entry for lexicon in LEXICONS.values() for entry in lexicon.answers},
        key=len,
        reverse=True,
    )
)
_ANSWER = re.compile(rf"\s*(?:{_ANSWERS})(?!\w)[ :,]*")
_REASONS = [
    re.compile(rf"(?<![^\W\d_]){re.escape(fold(entry))}(?![^\W\d_])[ :,]*")
    for lexicon in LEXICONS.values()
    for entry in sorted(lexicon.because, key=len, reverse=True)
]
_PLACES = [
    re.compile(
        rf"(?<!\w){re.escape(entry)}\s+(?:the\s+|la\s+)?(?P<name>.+)", re.IGNORECASE
    )
    for entry in sorted(
        {entry for lexicon in LEXICONS.values() for entry in lexicon.at},
        key=len,
        reverse=True,
    )
]
