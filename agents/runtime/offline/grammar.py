"""What a person asks for, read from her own words; nothing is guessed.

A change is understood only as a plain request: its verb begins a sentence (after
"please" and the like), nothing puts it into doubt, and one intent stands alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from agents.runtime.language import detect_language
from agents.runtime.offline.doubts import Doubt, doubt_of
from agents.runtime.offline.phrases import (
    Found,
    Words,
    anywhere,
    at_start,
    is_whole,
    phrase_in,
    phrases,
    words_of,
)
from agents.runtime.offline.slots import Slots, plain, read_slots
from agents.runtime.offline.words import LEXICONS, fold


class Intent(StrEnum):
    GREET = "greet"
    THANKS = "thanks"
    HELP = "help"
    YES = "yes"
    NO = "no"
    PERSON = "person"
    LOOKUP = "lookup"
    LIST = "list"
    CREATE = "create"
    REDEEM = "redeem"
    VOID = "void"
    # Two different things at once.
    SEVERAL = "several"
    UNCLEAR = "unclear"


CHANGES = (Intent.CREATE, Intent.REDEEM, Intent.VOID)
_WHOLE = (
    (Intent.PERSON, "person"),
    (Intent.NO, "no"),
    (Intent.YES, "yes"),
    (Intent.THANKS, "thanks"),
    (Intent.GREET, "greet"),
    (Intent.HELP, "help"),
    (Intent.LIST, "list"),
)
_SENTENCE = re.compile(r"[\n;!?？؟]+|[.:](?=\s|$)")
_JOINS = {"and", "then", "et", "puis", "kandi", "hanyuma", "kisha", "halafu"}
_COURTESIES = {
    *("please", "pls", "plz", "thanks", "now", "svp", "stp", "merci"),
    *("nyamuneka", "murakoze", "tafadhali", "asante"),
}
_NAMED = re.compile(r"\[(?:mistyped )?code[^\]]*\]|\bv\w-\w{4}-\w{2}\b", re.IGNORECASE)
_POLITE_END = re.compile(
    r"\s*\b(?:please|pls|svp|stp|tafadhali|nyamuneka|station|now)\s*$", re.IGNORECASE
)
_LONGEST = 2_000
_LONGEST_STATION = 60


@dataclass(frozen=True)
class Understood:
    """One reading of the messages of a turn."""

    intent: Intent
    slots: Slots
    doubt: Doubt = Doubt.NONE
    language: str | None = None
    station: str | None = None
    reason: str | None = None


def understand(text: str) -> Understood:
    """Read the person's messages of one turn, joined by new lines."""
    text = plain(text[:_LONGEST])
    head, reason = split_reason(text)
    slots = read_slots(head)
    language = detect_language([text])
    intents: dict[Intent, str] = {}
    for sentence in _sentences(head):
        if found := _intent_of(sentence, slots):
            intents.setdefault(*found)
    intent = _only(intents)
    spoken = frozenset({language or "en", *intents.values()})
    return Understood(
        intent=intent,
        slots=slots,
        doubt=doubt_of(head, spoken),
        language=language,
        station=station_in(head) if intent is Intent.REDEEM else None,
        reason=reason,
    )


def asks_for_person(text: str) -> bool:
    """Say whether the message asks for a person of ours, in any language."""
    words = words_of(plain(text[:_LONGEST]))
    return bool(_is_whole_request(words, "person")) or anywhere(words, "person_phrases")


def split_reason(text: str) -> tuple[str, str | None]:
    """Cut "because …" off: what stands in a reason asks for nothing."""
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
    """Return what stands after "at", if it may be a station's name."""
    text = _NAMED.sub("\n", text)
    for pattern in _PLACES:
        for found in reversed(list(pattern.finditer(text))):
            if name := _clean_station(found["name"]):
                return name
    return None


def bare_station(text: str) -> str | None:
    """Return the answer to "at which station?", with or without its "at"."""
    return station_in(text) or _clean_station(_NAMED.sub(" ", text))


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


def _sentences(text: str) -> list[Words]:
    """Return the sentences, and what is joined to them by "and then"."""
    sentences: list[Words] = []
    for part in _SENTENCE.split(text):
        sentence: list[str] = []
        for word in words_of(part):
            if word in _JOINS and sentence:
                sentences.append(tuple(sentence))
                sentence = []
            else:
                sentence.append(word)
        sentences.append(tuple(sentence))
    return [sentence for sentence in sentences if sentence]


def _intent_of(words: Words, slots: Slots) -> tuple[Intent, str] | None:
    for intent, field in _WHOLE:
        if found := _is_whole_request(words, field):
            return intent, found.language
    if anywhere(words, "person_phrases"):
        return Intent.PERSON, "en"
    stripped = _without_lead_ins(words)
    return _change_at_start(stripped, slots) or _read_intent(stripped, slots)


def _change_at_start(words: Words, slots: Slots) -> tuple[Intent, str] | None:
    is_about_value = anywhere(words, "voucher") or bool(
        slots.codes or slots.references or slots.mistyped_code
    )
    for intent in CHANGES:
        if found := at_start(words, intent.value, typos=True):
            return intent, found.language
        weak = at_start(words, f"{intent.value}_weak") if is_about_value else None
        if weak:
            return intent, weak.language
    return None


def _read_intent(words: Words, slots: Slots) -> tuple[Intent, str] | None:
    if found := at_start(words, "list"):
        is_someones = bool(slots.numbers or slots.codes or slots.references)
        return (Intent.LOOKUP if is_someones else Intent.LIST), found.language
    if found := at_start(words, "lookup", typos=True):
        return Intent.LOOKUP, found.language
    for intent, field in ((Intent.HELP, "help"), (Intent.GREET, "greet")):
        if found := at_start(words, field):
            return intent, found.language
    for language in LEXICONS:
        for phrase in phrases("list", language):
            if len(phrase) > 1 and phrase_in(words, phrase):
                return Intent.LIST, language
    return None


def _only(intents: dict[Intent, str]) -> Intent:
    """Return the one thing asked for; small talk beside it does not count."""
    asked = [i for i in intents if i in {*CHANGES, Intent.LOOKUP, Intent.LIST}]
    if Intent.PERSON in intents:
        return Intent.PERSON
    if len(asked) > 1:
        return Intent.SEVERAL
    # "no" beside a command takes it back, or corrects it.
    if asked:
        return Intent.UNCLEAR if Intent.NO in intents else asked[0]
    order = (Intent.NO, Intent.YES, Intent.HELP, Intent.THANKS, Intent.GREET)
    return next((i for i in order if i in intents), Intent.UNCLEAR)


def _is_whole_request(words: Words, field: str) -> Found | None:
    if found := is_whole(words, field):
        return found
    while len(words) > 1 and words[-1] in _COURTESIES:
        words = words[:-1]
    if found := is_whole(words, field):
        return found
    while words and words != (stripped := _without_one_lead_in(words)):
        words = stripped
        if found := is_whole(words, field):
            return found
    return None


def _without_lead_ins(words: Words) -> Words:
    while words and words != (stripped := _without_one_lead_in(words)):
        words = stripped
    return words


def _without_one_lead_in(words: Words) -> Words:
    found = at_start(words, "lead_ins")
    polite = at_start(words, "polite")
    rests = [f.rest for f in (found, polite) if f]
    return min(rests, key=len) if rests else words


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
