"""Find the station and the reason beside a command, and the words before an answer."""

from __future__ import annotations

import re

from agents.language.lexicons.towns import TOWNS
from agents.language.lexicons.vocabulary import LEXICONS, fold
from agents.language.phrases import Words, anywhere, at_start, words_of

NAMED = re.compile(
    r"\[(?:mistyped )?code[^\]]*\]|\bv\w-\w{4}-\w{2}\b|\bv(?=\w*\d)\w{7}\b",
    re.IGNORECASE,
)
_POLITE_END = re.compile(
    r"\s*\b(?:please|pls|svp|stp|tafadhali|nyamuneka|station|now)\s*$", re.IGNORECASE
)
_LONGEST_STATION = 60
_END_OF_NAME = re.compile(
    r"[\n.,;!?]|\b(?:with|using|avec|na|kwa|nkoresheje|ukoresheje|please|now)\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"[,.;!?:\n]+(?=\s|$)|\n|\s[-–—]\s"
    r"|\s(?:so|therefore|which means|donc|du coup|kwa hiyo|hivyo|none|bityo|rero)\s",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r"^(?:reason|motif|raison|impamvu|sababu)\b[ :ni]*", re.IGNORECASE
)


def split_reason(text: str, language: str | None) -> tuple[str, str | None]:
    """Split "because …" from the text: a reason contains no command.

    "Car" is a reason in French and a vehicle in English.
    """
    folded = fold(text)
    if len(folded) != len(text):
        folded = text.casefold() if len(text.casefold()) == len(text) else text
    best: re.Match[str] | None = None
    for pattern in _REASONS:
        found = pattern.search(folded)
        if found and found[0].strip() == "car" and language != "fr":
            continue
        if found and (best is None or found.start() < best.start()):
            best = found
    if best is None:
        return text, None
    reason = " ".join(text[best.end() :].split()).strip(" .:,-")
    return text[: best.start()], reason[:300] or None


def loose_reason(text: str) -> str | None:
    """Return the clauses beside the one that names the voucher, as a reason.

    "The driver quit, please cancel V5-..." has its reason before, "cancel V5-... wrong
    customer" and "V5-... is wrong, cancel it" behind the voucher.
    """
    kept: list[str] = []
    clauses = _CLAUSES.split(text)
    is_wish_apart = any(_is_wish(each) and not NAMED.search(each) for each in clauses)
    for clause in clauses:
        found = NAMED.search(clause)
        if found is None:
            if not _is_filler(clause):
                kept.append(" ".join(clause.split()).strip(" .:,-"))
            continue
        before = words_of(clause[: found.start()])
        after = _without_courtesies(clause[found.end() :])
        is_behind_verb = is_wish_apart or _has_verb(before)
        if is_wish_apart and not _has_verb(before):
            # "Wrong amount on V5-..., please void it".
            kept.append(_reason_before(clause[: found.start()]))
        if (is_behind_verb and len(words_of(after)) > 1) or (
            is_behind_verb and words_of(after) and not _is_filler(after)
        ):
            kept.append(after)
    reason = ", ".join(filter(None, kept))
    return _BECAUSE.sub("", reason)[:300] or None


def _reason_before(text: str) -> str:
    """Return the words before a voucher, if they say more than "the voucher"."""
    words = [word for word in text.split() if not anywhere(words_of(word), "voucher")]
    while words and words_of(words[-1]) and _JOINS.fullmatch(words[-1].casefold()):
        words.pop()
    is_more = len(words) > 1 and not _is_filler(" ".join(words))
    return " ".join(words).strip(" .:,-") if is_more else ""


_JOINS = re.compile(
    r"on|in|for|with|the|of|sur|pour|le|du|dans|kuri|muri|ya|kwenye|kwa"
)


def _without_courtesies(text: str) -> str:
    while text != (shorter := _POLITE_END.sub("", text)):
        text = shorter
    return " ".join(text.split()).strip(" .:,-")


def _has_verb(words: Words) -> bool:
    return any(anywhere(words, field) for field in ("void", "void_weak"))


def _is_wish(clause: str) -> bool:
    words = words_of(_without_courtesies(clause))
    return _has_verb(words) and len(words) <= 4


def _is_filler(clause: str) -> bool:
    """Tell whether a clause is only the wish itself, a greeting or a courtesy."""
    words = words_of(_without_courtesies(clause))
    return (
        not words
        or _is_wish(clause)
        or any(
            at_start(words, field) and len(words) <= 3
            for field in ("greet", "thanks", "lead_ins", "polite")
        )
    )


def station_in(text: str) -> str | None:
    """Return the words after "at", if they can be the name of a station."""
    text = NAMED.sub("\n", text)
    for pattern in _PLACES:
        for found in reversed(list(pattern.finditer(text))):
            if name := _clean_station(found["name"]):
                return name
    return None


def place_in(text: str) -> str | None:
    """Return the words with a capital, or behind "in" or "near": a town or a station."""
    found = _TOWN.search(text) or _NEAR.search(text)
    return _clean_station(found["name"]) if found else None


def lone_town(text: str) -> str | None:
    """Return the town that is the whole text: "Huye?", "in musanze"."""
    words = [word for word in words_of(text) if word not in _BESIDE_TOWN]
    return words[0].capitalize() if len(words) == 1 and words[0] in TOWNS else None


def bare_station(text: str) -> str | None:
    """Return the answer to "at which station?", with or without "at"."""
    return station_in(text) or _clean_station(NAMED.sub(" ", text))


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
    name = _END_OF_NAME.split(name, maxsplit=1)[0]
    while name != (shorter := _POLITE_END.sub("", name)):
        name = shorter
    name = name.strip(" \"'*_-:")
    words = words_of(name)
    is_other = anywhere(words, "voucher") or not re.search(r"[^\W\d_]", name)
    if not 1 <= len(words) <= 6 or is_other or len(name) > _LONGEST_STATION:
        return None
    return name


_TOWN = re.compile(
    r"(?<!^)(?<![.?!]\s)\b(?P<name>[A-Z][^\W\d_]{2,}(?:\s[A-Z][^\W\d_]+)?)"
)
_NEAR = re.compile(
    r"\b(?:near|around|in|close to|à|près de|pres de|proche de|vers|hafi ya|karibu na|i"
    r"|niko|nipo|ndi i|hano|hapa|huko)\s+(?:the\s+|la\s+)?(?P<name>[^\W\d_]{4,})",
    re.IGNORECASE,
)
_BESIDE_TOWN = frozenset(
    {"in", "at", "near", "and", "a", "vers", "et", "i", "mu", "ku", "se", "none"}
    | {"huko", "na", "je", "hapa", "please", "svp", "town", "ville", "mujyi"}
)
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
