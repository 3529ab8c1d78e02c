"""Complete an incomplete request with the answer to a question. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agents.language.lexicons.vocabulary import LEXICONS
from agents.language.phrases import Words, anywhere, at_start, words_of
from agents.offline.details import bare_station, station_in
from agents.offline.doubt import Doubt
from agents.offline.grammar import Intent, Understood, is_only_slots, understand
from agents.offline.reading import is_another_request

# The question was whether to create a voucher.
CONFIRM = "create"
# What was wanted is not clear; the values of the message are kept.
UNCLEAR = "unclear"


def complete(text: str, draft: Draft) -> Draft | None:
    """Return the request with the answer filled in, or None for another message."""
    is_reason = draft.asked == "reason"
    if draft.intent == UNCLEAR or is_another_request(text, is_reason=is_reason):
        return None
    read = understand(text, is_answer=True)
    if draft.asked == CONFIRM:
        return replace(draft, asked="") if read.intent is Intent.YES else None
    if draft.asked == "reason":
        return _with_reason(text, read, draft)
    slots = read.slots
    is_small_talk = read.intent in {Intent.YES, Intent.GREET} and slots.has_any
    if not is_small_talk and read.intent is not Intent.UNCLEAR:
        return None
    if read.doubt is Doubt.STOP:
        return None
    if read.doubt is Doubt.UNSURE:
        # "about 5000" is not exact enough.
        slots = replace(slots, amount_unclear=True, number_unclear=True)
    filled = replace(
        draft,
        amount=slots.amount if slots.amount is not None else draft.amount,
        number=slots.number or draft.number,
        voucher=slots.voucher or draft.voucher,
        reason=read.reason or draft.reason,
    )
    if draft.intent == "redeem" and draft.station is None:
        # "Ok, next one" is no answer to the question for a code, and no station.
        is_asked = draft.asked != "code"
        station = bare_station(text) if is_asked else station_in(text)
        filled = replace(filled, station=station)
    told_something = slots.has_any or filled != draft
    return filled if told_something else None


def is_no_answer(text: str, read: Understood, draft: Draft) -> bool:
    """Tell whether a message neither answers the question nor asks for anything else.

    Small talk counts only by its own words: the trained model alone may err.
    """
    if draft.intent == UNCLEAR or draft.asked == CONFIRM or read.slots.has_any:
        return False
    if read.doubt is Doubt.STOP:
        return False
    plain = understand(text)
    is_guess = read.intent in _SMALL_TALK and plain.intent is Intent.UNCLEAR
    # "For eric" is no other topic.
    is_short = read.intent is Intent.OFF_TOPIC and len(words_of(text)) <= _SHORT
    return read.intent is Intent.UNCLEAR or is_guess or is_short


_SHORT = 3
_SMALL_TALK = frozenset(
    {Intent.YES, Intent.NO, Intent.GREET, Intent.THANKS, Intent.BYE, Intent.HELP}
)
_REQUESTS = frozenset(
    {Intent.CREATE, Intent.REDEEM, Intent.VOID, Intent.SEVERAL, Intent.LIST}
) | {Intent.PERSON}
# "check failed" and "status was wrong" are reasons.
_ALSO_NOUNS = frozenset(
    {"check", "status", "verify", "verifie", "verifier", "reba", "genzura", "hakiki"}
)


def _with_reason(text: str, read: Understood, draft: Draft) -> Draft | None:
    """Take a sentence as the reason, except small talk, a question or a request."""
    if read.intent is Intent.VOID and read.reason and not read.slots.has_any:
        # "void it because ...": the answer repeats the request.
        return replace(draft, reason=read.reason)
    if _is_something_else(text, read):
        return None
    reason = read.reason or " ".join(text.split())[:300]
    return replace(draft, reason=reason) if len(reason) > 1 else None


def _is_something_else(text: str, read: Understood) -> bool:
    words = words_of(text)
    while found := at_start(words, "next_words"):
        words = found.rest
    if "?" in text or _is_question(words):
        return True
    if words != words_of(text) and words:
        # "then create ..." is a request like "create ...".
        read = understand(_last_words(text, len(words)), is_answer=True)
    if read.intent in _SMALL_TALK | _REQUESTS:
        return True
    if read.intent is Intent.LOOKUP:
        is_noun = bool(words) and words[0] in _ALSO_NOUNS and len(words) > 2
        return read.slots.has_any or not is_noun
    if not read.slots.has_any:
        return False
    is_command = any(at_start(words, field) for field in _WEAK_VERBS)
    return is_command or is_only_slots(read.slots)


_WEAK_VERBS = ("create_weak", "redeem_weak", "void_weak", "wants")


def _is_question(words: Words) -> bool:
    """Tell whether an interrogative begins the words, or stands anywhere in some
    languages.
    """
    if at_start(words, "interrogatives"):
        return True
    return any(
        anywhere(words, "interrogatives", (language,))
        for language, lexicon in LEXICONS.items()
        if not lexicon.counts_first
    )


def _last_words(text: str, count: int) -> str:
    """Return the text from its last `count` words on, with its digits and signs."""
    parts = text.split()
    for at in range(len(parts)):
        if len(words_of(" ".join(parts[at:]))) <= count:
            return " ".join(parts[at:])
    return text


_VALID_FOR = timedelta(minutes=10)
_KEY = "asked"
_INTENTS = {"create", "redeem", "void", "lookup", "resend", "reverse", UNCLEAR}
_TYPES: dict[str, type] = {
    **dict.fromkeys(("intent", "asked", "number", "voucher", "station", "reason"), str),
    **dict.fromkeys(("amount", "tries"), int),
}


@dataclass(frozen=True)
class Draft:
    """An incomplete request; `asked` names the part that was asked for."""

    intent: str
    asked: str = ""
    amount: int | None = None
    number: str | None = None
    voucher: str | None = None
    station: str | None = None
    reason: str | None = None
    # How often a part was asked for.
    tries: int = 0

    def without_codes(self) -> Draft:
        """Remove "[code 1]": a code is known only in the turn of its message."""
        is_code = bool(self.voucher and self.voucher.startswith("["))
        return replace(self, voucher=None) if is_code else self


def store_draft(draft: Draft, *, now: datetime) -> dict[str, Any]:
    kept = {k: v for k, v in asdict(draft.without_codes()).items() if v}
    return {_KEY: {**kept, "at": now.isoformat()}}


def load_draft(memory: dict[str, Any], *, now: datetime) -> Draft | None:
    """Return the stored request, unless it is invalid or older than ten minutes."""
    kept = memory.get(_KEY) if isinstance(memory, dict) else None
    if not isinstance(kept, dict):
        return None
    try:
        age = now - datetime.fromisoformat(str(kept.get("at")))
    except (ValueError, TypeError):
        return None
    if not timedelta(0) <= age <= _VALID_FOR or kept.get("intent") not in _INTENTS:
        return None
    known = {name: kept[name] for name in _TYPES if name in kept}
    if any(type(value) is not _TYPES[name] for name, value in known.items()):
        return None
    return Draft(**known)
