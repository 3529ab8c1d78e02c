"""Understand a text: by the grammar, and by the trained sentence model beside it.

The grammar is exact and knows few sentences; the model knows many and may err. What only
the model understands leads to an answer, a question or a confirm button, never to a
change without one: `agents/tools/plain_request.py` decides on that by the person's words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.language import sentence_model
from agents.language.phrases import at_start, words_of
from agents.offline.details import loose_reason, place_in, station_in
from agents.offline.doubt import Doubt, is_quoted
from agents.offline.grammar import (
    CHANGES,
    Intent,
    Understood,
    is_only_slots,
    understand,
)
from agents.offline.slots import read_slots

if TYPE_CHECKING:
    from agents.language.sentence_model import Scores

# The probability from which an answer, a change by button, and a change in spite of
# words of doubt are given.
ANSWER, BUTTON, BUTTON_IN_DOUBT = 0.45, 0.55, 0.97
# The reason for a void is often in the past or negated.
VOID_IN_DOUBT = 0.9
# The likeliest intent is that much likelier than the next.
AHEAD = 0.1
# The model overrules a phrase that the grammar found somewhere in the text.
OVERRULE = 0.6
# An answer to a question is in truth another request.
SURELY_ANOTHER, SURELY_ANOTHER_THAN_REASON = 0.85, 0.95
# Less certainty means that the sentence is like none of the known ones.
KNOWN, KNOWN_CHANGE = 0.01, 0.02
# The certainty that a change needs in spite of words of doubt.
CERTAIN = {Intent.CREATE: 0.9, Intent.REDEEM: 0.6, Intent.VOID: 0.4}
CERTAIN_SENTENCE = 0.1
SURELY = 0.5
# A statement is not a request.
STATEMENT = 0.35
# Worth offering when nothing is clear.
WORTH_OFFERING = 0.08
INTENTS = {
    "create_voucher": Intent.CREATE,
    "redeem_voucher": Intent.REDEEM,
    "void_voucher": Intent.VOID,
    "lookup_customer": Intent.LOOKUP,
    "list_vouchers": Intent.LIST,
    "hand_off": Intent.PERSON,
    "resend_code": Intent.RESEND,
    "none": Intent.UNCLEAR,
    **{
        str(one): one
        for one in (
            *(Intent.HELP, Intent.GREET, Intent.THANKS, Intent.YES, Intent.NO),
            *(Intent.STOP, Intent.START, Intent.WHERE, Intent.HOURS, Intent.VALIDITY),
            *(Intent.HOW, Intent.NUMBER_CHANGED, Intent.OFF_TOPIC),
        )
    },
}
_SENTENCES = re.compile(r"[.;!\n]+(?=\s|$)")
_CONSENT = (Intent.STOP, Intent.START)


def read(text: str, *, is_answer: bool = False) -> Understood:
    """Read the messages of one turn, joined by newlines."""
    found = understand(text, is_answer=is_answer)
    is_empty = not text.strip() or (found.slots.has_any and is_only_slots(found.slots))
    if found.is_exact or is_empty:
        return found
    # The reason was split from the text of the slots, and belongs to the sentence.
    whole = read_slots(text) if found.reason else found.slots
    scores = sentence_model.score(whole.typed or text)
    best = _allowed(found, scores, text)
    if found.intent in CHANGES:
        return _beside_change(found, best, scores, text)
    if best is None:
        return replace(found, likely=_likely(scores, found))
    is_loose = found.intent in {Intent.UNCLEAR, Intent.SEVERAL}
    if is_loose or scores.best[1] >= OVERRULE:
        return _taken(found, best, text)
    return found


def is_another_request(text: str, *, is_reason: bool = False) -> bool:
    """Tell whether an answer to a question surely asks for something else.

    A reason is free text, so it has to be very sure.
    """
    scores = sentence_model.score(text)
    label, share = scores.best
    needed = SURELY_ANOTHER_THAN_REASON if is_reason else SURELY_ANOTHER
    allowed = _OTHER_REQUESTS - (_ALSO_REASONS if is_reason else frozenset())
    is_sure = share >= needed and scores.certainty >= SURELY
    return is_sure and INTENTS[label] in allowed


# "They paid with cash", "wrong number".
_ALSO_REASONS = frozenset({Intent.NUMBER_CHANGED, Intent.HOW, Intent.HELP})
_OTHER_REQUESTS = frozenset(
    {Intent.WHERE, Intent.HOURS, Intent.VALIDITY, Intent.HOW, Intent.RESEND}
    | {Intent.LIST, Intent.PERSON, Intent.NUMBER_CHANGED, Intent.STOP, Intent.HELP}
)


def _beside_change(
    found: Understood, best: Intent | None, scores: Scores, text: str
) -> Understood:
    """Return what the grammar found, unless the model is sure of something else."""
    if best is None:
        return found
    if best is found.intent:
        is_doubtful = found.doubt is Doubt.STOP
        return _taken(found, best, text) if is_doubtful else found
    is_sure = scores.best[1] >= OVERRULE and best not in CHANGES
    if is_sure and not (found.slots.has_any and best is not Intent.LOOKUP):
        return _taken(found, best, text)
    return found


def _allowed(found: Understood, scores: Scores, text: str) -> Intent | None:
    """Return the likeliest intent, if it is likely enough to be followed."""
    label, share = scores.best
    intent = INTENTS[label]
    is_close = share - scores.second[1] < AHEAD
    if intent is Intent.UNCLEAR or is_close or scores.certainty < KNOWN:
        return None
    slots = found.slots
    has_voucher = slots.has_voucher
    if intent in _CONSENT:
        has_slot = has_voucher or slots.has_any
        return None if has_slot or share < BUTTON else intent
    if intent not in CHANGES:
        return intent if share >= ANSWER else None
    is_known = scores.certainty >= KNOWN_CHANGE
    if not is_known or scores.intents["none"] >= STATEMENT or is_quoted(text):
        return None
    if found.doubt is Doubt.STOP:
        return intent if _outweighs_doubt(found, intent, scores, text) else None
    return intent if share >= BUTTON else None


def _outweighs_doubt(
    found: Understood, intent: Intent, scores: Scores, text: str
) -> bool:
    """Tell whether the model is so sure that words of doubt belong to other clauses."""
    is_create = intent is Intent.CREATE
    is_whole = _names_amount(found) if is_create else found.slots.has_voucher
    needed = VOID_IN_DOUBT if intent is Intent.VOID else BUTTON_IN_DOUBT
    certain = CERTAIN[intent]
    if intent is not Intent.VOID and at_start(words_of(text), "negations"):
        return False
    if _has_plain_sentence(text, intent):
        needed, certain = BUTTON, CERTAIN_SENTENCE
    is_sure = scores.best[1] >= needed and scores.certainty >= certain
    return is_whole and is_sure


def _has_plain_sentence(text: str, intent: Intent) -> bool:
    """Tell whether one sentence of several asks for this without a word of doubt."""
    parts = [part for part in _SENTENCES.split(text) if part.strip()]
    if len(parts) < 2:
        return False
    read_parts = [understand(part) for part in parts]
    plain = [
        part
        for part in read_parts
        if part.intent is intent and part.doubt is not Doubt.STOP
    ]
    return any(
        part.slots.has_voucher if intent is not Intent.CREATE else _names_amount(part)
        for part in plain
    )


def _names_amount(found: Understood) -> bool:
    return found.slots.amount is not None and found.slots.number is not None


def _taken(found: Understood, intent: Intent, text: str) -> Understood:
    """Return the text as this request, with what belongs to it."""
    doubt = found.doubt
    if intent in CHANGES and doubt is Doubt.STOP:
        doubt = Doubt.POLITE
    station = reason = None
    if intent is Intent.REDEEM:
        station = found.station or station_in(text)
    if intent is Intent.VOID:
        reason = found.reason or loose_reason(text)
    return replace(
        found,
        intent=intent,
        doubt=doubt,
        station=station,
        reason=reason,
        place=place_in(text) if intent is Intent.WHERE else None,
        likely=(),
    )


def _likely(scores: Scores, found: Understood) -> tuple[Intent, ...]:
    """Return the two likeliest intents, to be offered."""
    ordered = sorted(scores.intents.items(), key=lambda one: -one[1])
    has_voucher = found.slots.has_voucher
    return tuple(
        intent
        for label, share in ordered
        if share >= WORTH_OFFERING
        and (intent := INTENTS[label])
        not in {Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.YES, Intent.NO}
        and not (has_voucher and intent in _CONSENT)
    )[:2]
