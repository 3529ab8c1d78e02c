"""Understand what a person asks for, without guessing.

A change is understood only as a plain request: its verb begins a sentence (after words
like "please"), nothing makes it doubtful, and there is no other intent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from agents.language.detection import detect_language
from agents.language.lexicons.vocabulary import LEXICONS, POLITE_COMMANDS
from agents.language.phrases import (
    FoundPhrase,
    Words,
    anywhere,
    at_start,
    is_voucher_word,
    is_whole,
    phrase_in,
    phrases,
    with_one_voucher_word,
    words_of,
)
from agents.offline.details import split_reason, station_in, without_answer_words
from agents.offline.doubt import Doubt, doubt_of
from agents.offline.slots import Slots, plain_signs, read_slots


class Intent(StrEnum):
    GREET = "greet"
    THANKS = "thanks"
    BYE = "bye"
    HELP = "help"
    YES = "yes"
    NO = "no"
    PERSON = "person"
    LOOKUP = "lookup"
    LIST = "list"
    CREATE = "create"
    REDEEM = "redeem"
    VOID = "void"
    # Answered by a fixed text, by stations, or by a new code.
    WHERE = "where"
    HOURS = "hours"
    VALIDITY = "validity"
    HOW = "how"
    RESEND = "resend"
    NUMBER_CHANGED = "number_changed"
    STOP = "stop"
    START = "start"
    OFF_TOPIC = "off_topic"
    # Two different requests at once.
    SEVERAL = "several"
    UNCLEAR = "unclear"


CHANGES = (Intent.CREATE, Intent.REDEEM, Intent.VOID)
_WHOLE = (
    (Intent.PERSON, "person"),
    (Intent.NO, "no"),
    (Intent.YES, "yes"),
    (Intent.THANKS, "thanks"),
    (Intent.BYE, "bye"),
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
_ACCEPTED = {"ok", "okay", "oki", "okey", "sawa", "d'", "fine", "poa", "alright", "bon"}
_LONGEST = 2_000


@dataclass(frozen=True)
class Understood:
    """The intent and the slots of the messages of a turn."""

    intent: Intent
    slots: Slots
    doubt: Doubt = Doubt.NONE
    language: str | None = None
    station: str | None = None
    reason: str | None = None
    # The town or station that a question about stations names.
    place: str | None = None
    # The whole text is a phrase of the word lists.
    is_exact: bool = False
    # The likely intents of a text that is not clear, the likeliest first.
    likely: tuple[Intent, ...] = ()


@lru_cache(maxsize=256)
def understand(text: str, *, is_answer: bool = False) -> Understood:
    """Read the messages of one turn, joined by newlines."""
    text = plain_signs(text[:_LONGEST])
    language = detect_language([text])
    head, reason = split_reason(text, language)
    slots = read_slots(head)
    intents: dict[Intent, str] = {}
    for sentence in _sentences(head):
        if found := _intent_of(sentence, slots):
            intents.setdefault(*found)
    intent = _only(intents)
    if intent is Intent.CREATE and (slots.codes or slots.references):
        intent = Intent.SEVERAL
    spoken = frozenset(filter(None, (language, *intents.values())))
    # "Double zero" of a dictated number is no word of doubt.
    judged = slots.typed if slots.number_in_words else head
    doubt = doubt_of(
        without_answer_words(judged) if is_answer else judged,
        spoken or frozenset(LEXICONS),
    )
    return Understood(
        intent=intent,
        slots=slots,
        doubt=Doubt.STOP if reason and "?" in reason else doubt,
        language=language,
        station=station_in(head) if intent is Intent.REDEEM else None,
        reason=reason,
        is_exact=any(_is_whole_request(words_of(text), field) for _, field in _WHOLE),
    )


def is_only_slots(slots: Slots) -> bool:
    """Tell whether the text has only fillers beside amounts and numbers."""
    return all(
        word in _FILLER_WORDS or is_voucher_word(word) for word in words_of(slots.rest)
    )


def asks_for_person(text: str) -> bool:
    """Tell whether the message asks for a person, in any language."""
    words = words_of(plain_signs(text[:_LONGEST]))
    return bool(_is_whole_request(words, "person")) or anywhere(words, "person_phrases")


def _sentences(text: str) -> list[Words]:
    """Split the text into sentences, also at words like "and then"."""
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
            is_thanks = intent is Intent.YES and _is_accepted_with_thanks(words)
            return (Intent.THANKS if is_thanks else intent), found.language
    if anywhere(words, "person_phrases"):
        return Intent.PERSON, "en"
    rest = words
    while rest:
        if change := _wants_voucher(rest) or _change_at_start(rest, slots):
            return change
        if rest == (stripped := _without_one_lead_in(rest)):
            break
        rest = stripped
    return _read_intent(rest, slots) or _read_intent(words, slots)


def _is_accepted_with_thanks(words: Words) -> bool:
    """Tell whether "ok, thanks" ends a matter, unlike "yes, thanks"."""
    return words[0] in _ACCEPTED and anywhere(words, "thanks")


def _wants_voucher(words: Words) -> tuple[Intent, str] | None:
    """Recognise "i need a 5000 voucher", but not "i need my vouchers"."""
    found = at_start(words, "wants")
    if found is None or _list_language(words):
        return None
    rest = found.rest
    while rest and (rest[0] in _BEFORE_A_VOUCHER or rest[0].isdigit()):
        rest = rest[1:]
    is_voucher = bool(rest) and is_voucher_word(rest[0])
    return (Intent.CREATE, found.language) if is_voucher else None


def _change_at_start(words: Words, slots: Slots) -> tuple[Intent, str] | None:
    is_about_value = anywhere(words, "voucher") or bool(
        slots.codes or slots.references or slots.mistyped_code
    )
    if words[0] in POLITE_COMMANDS:
        asked, language = POLITE_COMMANDS[words[0]]
        return Intent(asked), language
    for intent in CHANGES:
        if found := at_start(words, intent.value, typos=True):
            return intent, found.language
        weak = at_start(words, f"{intent.value}_weak") if is_about_value else None
        if weak:
            return intent, weak.language
    return None


def _read_intent(words: Words, slots: Slots) -> tuple[Intent, str] | None:
    is_someones = bool(slots.numbers or slots.codes or slots.references)
    if found := at_start(words, "list", typos=True):
        return (Intent.LOOKUP if is_someones else Intent.LIST), found.language
    if found := at_start(words, "lookup", typos=True) or at_start(words, "myself"):
        return Intent.LOOKUP, found.language
    for intent, field in ((Intent.HELP, "help"), (Intent.GREET, "greet")):
        if found := at_start(words, field):
            return intent, found.language
    if is_someones:
        asking = [one for one in LEXICONS if anywhere(words, "who", (one,))]
        return (Intent.LOOKUP, asking[0]) if asking else None
    language = _list_language(words)
    return (Intent.LIST, language) if language else None


def _list_language(words: Words) -> str | None:
    words = with_one_voucher_word(words)
    for language in LEXICONS:
        for phrase in phrases("list", language):
            if len(phrase) > 1 and phrase_in(words, phrase):
                return language
    return None


def _only(intents: dict[Intent, str]) -> Intent:
    """Return the only request; small talk beside it does not count."""
    asked = [i for i in intents if i in {*CHANGES, Intent.LOOKUP, Intent.LIST}]
    if Intent.PERSON in intents:
        return Intent.PERSON
    if len(asked) > 1:
        return Intent.SEVERAL
    # "no" beside a command cancels or corrects it.
    if asked:
        return Intent.UNCLEAR if Intent.NO in intents else asked[0]
    # "Ok, thanks" is thanks.
    order = (
        *(Intent.NO, Intent.HELP, Intent.THANKS, Intent.BYE, Intent.YES, Intent.GREET),
    )
    return next((i for i in order if i in intents), Intent.UNCLEAR)


def _is_whole_request(words: Words, field: str) -> FoundPhrase | None:
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


def _without_one_lead_in(words: Words) -> Words:
    found = at_start(words, "lead_ins")
    polite = at_start(words, "polite")
    greeting = at_start(words, "greet")
    rests = [f.rest for f in (found, polite, greeting) if f]
    return min(rests, key=len) if rests else words


def _all_words(field: str) -> frozenset[str]:
    return frozenset(
        word
        for lexicon in LEXICONS.values()
        for entry in getattr(lexicon, field)
        for word in words_of(entry if isinstance(entry, str) else entry[0])
    )


_FILLER_WORDS = frozenset().union(
    *map(_all_words, ("fillers", "numbers", "multipliers", "number_joins"))
)
_BEFORE_A_VOUCHER = _all_words("articles") | {"rwf", "frw", "francs", "faranga", "k"}
