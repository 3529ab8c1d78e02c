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
from agents.language.phrases import anywhere, at_start, is_about_messages, words_of
from agents.offline.details import NAMED, loose_reason, place_in, station_in
from agents.offline.doubt import Doubt, is_quoted, is_report_of_void
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
    from agents.offline.slots import Slots

# The share from which an answer, a change by button, and a change in spite of words of
# doubt are given.
ANSWER, BUTTON, BUTTON_IN_DOUBT = 0.4, 0.5, 0.9
# The words of doubt stand in the only clause.
BUTTON_IN_DOUBT_ALONE = 0.985
# Only the mark at the end makes it a question: "mwakora voucher ya 5000 kuri 0788...?"
BUTTON_AT_QUESTION_MARK = 0.75
# The reason for a void is often in the past or negated.
VOID_IN_DOUBT = 0.65
# The doubt is only behind the voucher: "void V7-..., i mistyped it".
PLAIN_BEFORE_REASON = 0.65
# "Stop", "start" and "send my code again" have no values that support them. Without a
# word about messages, "take me off" and "does this thing run out" look alike.
BUTTON_WITHOUT_VALUES, SURELY_CONSENT, RESEND = 0.75, 0.95, 0.75
SURELY_ANSWER = 0.55
# How much likelier the likeliest intent is than the next.
AHEAD = 0.05
# The model overrules a phrase that the grammar found somewhere in the text.
OVERRULE = 0.6
# The answer to a question is really another request.
SURELY_ANOTHER, SURELY_ANOTHER_THAN_REASON = 0.9, 0.97
# A statement is not a request.
STATEMENT = 0.45
SURELY_STATEMENT = 0.98
# The model overrules a phrase by finding no request.
SURELY_NONE = 0.85
# From this share of other topics on, a text that asks for nothing known is declined.
OFF_TOPIC = 0.25
# Intents that are answered alike, or not at all.
ALIKE = {"how": "help", "number_changed": "hand_off", "off_topic": "none"}
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
# What a sentence with these values cannot ask for.
_SMALL_TALK = frozenset(
    {"greet", "thanks", "yes", "no", "help", "hours", "stop", "start"}
)
_NOT_OF_VOUCHER = _SMALL_TALK | {"create_voucher", "off_topic", "number_changed"}
_NOT_OF_NUMBER = _SMALL_TALK | {"how", "where", "validity"}
_NOT_OF_BOTH = _NOT_OF_NUMBER | {"redeem_voucher", "void_voucher", "resend_code"}
# The grammar found no more than a phrase beside values, or beside other words.
_PHRASES = frozenset({Intent.GREET, Intent.THANKS, Intent.YES, Intent.NO, Intent.HELP})
_QUESTION_MARK = re.compile(r"[?？؟]")
_CLAUSES = re.compile(r"[,.;!\n]+(?=\s|$)|\s[-–]\s")
_SENTENCES = re.compile(r"[.;!\n]+(?=\s|$)")
_CONSENT = (Intent.STOP, Intent.START)
NEEDED = {
    Intent.RESEND: RESEND,
    **dict.fromkeys(_CONSENT, BUTTON_WITHOUT_VALUES),
    # "I do not see it" is no answer.
    **dict.fromkeys((Intent.YES, Intent.NO), SURELY_ANSWER),
}


def read(text: str, *, is_answer: bool = False) -> Understood:
    """Read the messages of one turn, joined by newlines."""
    found = _read(text, is_answer=is_answer)
    if found.intent is Intent.REDEEM and not found.slots.has_any:
        # "Can i use my voucher at Kabuga?"
        is_question = _QUESTION_MARK.search(text) is not None
        return _taken(found, Intent.WHERE, text) if is_question else found
    if found.intent is not Intent.VOID or not found.slots.has_voucher:
        return found
    if understand(text, is_answer=is_answer).reason:
        return found
    # "Cancel V5-..., wrong person" names its reason without "because": a button shows it.
    reason = loose_reason(text)
    is_plain = found.doubt is Doubt.NONE and reason
    return replace(
        found, reason=reason, doubt=Doubt.POLITE if is_plain else found.doubt
    )


def _read(text: str, *, is_answer: bool) -> Understood:
    found = understand(text, is_answer=is_answer)
    is_empty = not text.strip() or (found.slots.has_any and is_only_slots(found.slots))
    if found.is_exact or is_empty:
        return found
    # The reason was split from the text of the slots, and belongs to the sentence.
    whole = read_slots(text) if found.reason else found.slots
    scores = fitting(sentence_model.score(whole.typed or text), whole)
    best = _allowed(found, scores, text)
    if best is None and _is_plain_among_others(found, scores, text):
        best = found.intent
    if found.intent in CHANGES:
        return _beside_change(found, best, scores, text)
    is_loose = found.intent in {Intent.UNCLEAR, Intent.SEVERAL}
    is_partly = best is Intent.CREATE and not _names_amount(found)
    if best and (is_loose or (scores.best[1] >= OVERRULE and not is_partly)):
        return _taken(found, best, text)
    likely = _likely(scores, found)
    if _is_only_a_phrase(found, scores):
        return replace(found, intent=Intent.UNCLEAR, likely=likely)
    return replace(found, likely=likely)


def fitting(scores: Scores, slots: Slots) -> Scores:
    """Return the scores of the intents that fit the values of the sentence."""
    if slots.has_voucher:
        return scores.without(_NOT_OF_VOUCHER)
    if slots.numbers or slots.number_unclear:
        has_amount = bool(slots.amounts or slots.amount_unclear)
        return scores.without(_NOT_OF_BOTH if has_amount else _NOT_OF_NUMBER)
    return scores


def ranked(scores: Scores) -> list[tuple[str, float]]:
    """Return the likeliest intent of each group of like intents, and the group's share."""
    shares: dict[str, float] = {}
    names: dict[str, str] = {}
    for label, share in scores.intents.items():
        group = ALIKE.get(label, label)
        shares[group] = shares.get(group, 0.0) + share
        names.setdefault(group, label)
    ordered = sorted(shares.items(), key=lambda one: -one[1])
    return [(names[group], share) for group, share in ordered]


def _is_only_a_phrase(found: Understood, scores: Scores) -> bool:
    """Tell whether the grammar's phrase is a small part of the sentence."""
    if found.intent in _PHRASES and found.slots.has_any:
        return True
    return scores.intents["none"] >= SURELY_NONE


def is_another_request(text: str, *, is_reason: bool = False) -> bool:
    """Tell whether an answer to a question surely asks for something else.

    A reason is free text, so it has to be very sure.
    """
    scores = sentence_model.score(text)
    label, share = scores.best
    needed = SURELY_ANOTHER_THAN_REASON if is_reason else SURELY_ANOTHER
    allowed = _OTHER_REQUESTS - (_ALSO_REASONS if is_reason else frozenset())
    return share >= needed and INTENTS[label] in allowed


# "They paid with cash", "wrong number", "the customer lost the phone".
_ALSO_REASONS = frozenset(
    {Intent.NUMBER_CHANGED, Intent.HOW, Intent.HELP, Intent.RESEND}
)
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
    (label, share), second = ranked(scores)[:2]
    intent = INTENTS[label]
    is_close = share - second[1] < AHEAD
    if intent in {Intent.UNCLEAR, Intent.OFF_TOPIC}:
        is_other = scores.intents.get("off_topic", 0.0) >= OFF_TOPIC and not is_close
        return Intent.OFF_TOPIC if is_other and not found.slots.has_any else None
    if is_close:
        return None
    if intent in CHANGES:
        return intent if _may_change(found, intent, scores, text) else None
    if intent in _CONSENT and found.slots.has_any:
        return None
    return intent if share >= _needed(intent, text) else None


def _needed(intent: Intent, text: str) -> float:
    """Return the share from which an intent without a change of a voucher is followed."""
    if intent in _CONSENT and not is_about_messages(text):
        return SURELY_CONSENT
    return NEEDED.get(intent, ANSWER)


def _may_change(found: Understood, intent: Intent, scores: Scores, text: str) -> bool:
    """Tell whether a confirm button may stand under the sentence."""
    if scores.intents["none"] >= STATEMENT or is_quoted(text):
        return False
    if found.doubt is Doubt.STOP:
        return _outweighs_doubt(found, intent, scores, text)
    return ranked(scores)[0][1] >= BUTTON


def _outweighs_doubt(
    found: Understood, intent: Intent, scores: Scores, text: str
) -> bool:
    """Tell whether the model is so sure that words of doubt belong to other clauses."""
    is_create = intent is Intent.CREATE
    is_whole = _names_amount(found) if is_create else found.slots.has_voucher
    if intent is not Intent.VOID and at_start(words_of(text), "negations"):
        return False
    if _is_taken_back(text) or (intent is Intent.VOID and is_report_of_void(text)):
        return False
    # "If he comes back, void V7-...": the condition holds for all clauses.
    is_condition = bool(at_start(words_of(text), "hearsay"))
    is_alone = is_condition or len(_clauses(text)) < 2
    needed = BUTTON_IN_DOUBT_ALONE if is_alone else BUTTON_IN_DOUBT
    if intent is Intent.VOID and not is_alone:
        needed = VOID_IN_DOUBT
    if understand(_QUESTION_MARK.sub(" ", text)).doubt is not Doubt.STOP:
        needed = BUTTON_AT_QUESTION_MARK
    if _is_plain_up_to_voucher(text, intent):
        needed = min(needed, PLAIN_BEFORE_REASON)
    if _has_plain_sentence(text, intent) or _has_doubt_elsewhere(text):
        needed = BUTTON
    return is_whole and scores.best[1] >= needed


def _is_plain_up_to_voucher(text: str, intent: Intent) -> bool:
    """Tell whether the request is plain, and the doubt is in what follows the voucher.

    A reason may be in the past, and that of a void negated: "void V7-..., i mistyped it",
    but not "void V7-... if he agrees".
    """
    named = NAMED.search(text)
    if named is None or intent is Intent.CREATE:
        return False
    request = understand(text[: named.end()])
    behind = words_of(text[named.end() :])
    fields = ["hearsay", "questions"]
    if intent is not Intent.VOID:
        fields.append("negations")
    is_open = any(anywhere(behind, one) for one in fields) or "?" in text
    return request.intent is intent and request.doubt is not Doubt.STOP and not is_open


def _is_plain_among_others(found: Understood, scores: Scores, text: str) -> bool:
    """Tell whether one sentence asks plainly for a change, and others hold the doubt."""
    is_doubtful = found.intent in CHANGES and found.doubt is Doubt.STOP
    if not is_doubtful or scores.intents["none"] >= SURELY_STATEMENT or is_quoted(text):
        return False
    if _is_taken_back(text):
        return False
    return _has_plain_sentence(text, found.intent) or _has_doubt_elsewhere(text)


def _has_doubt_elsewhere(text: str) -> bool:
    """Tell whether the request is plain, and only the clauses before it are doubtful.

    "The car broke down, cancel V7-...", but not "if it breaks down, ..." or "he said, ...".
    """
    clauses = _clauses(text)
    places = [at for at, one in enumerate(clauses) if read_slots(one).has_any]
    if not places or places[0] == 0:
        return False
    before = [words_of(one) for one in clauses[: places[0]]]
    request = understand("\n".join(clauses[places[0] :]))
    is_plain = request.intent in CHANGES and request.doubt is not Doubt.STOP
    return is_plain and not any(anywhere(words, "hearsay") for words in before)


def _is_taken_back(text: str) -> bool:
    """Tell whether a last clause takes the request back: "void V7-... - no, forget it".

    "Void V7-..., no longer needed" does not.
    """
    last = _clauses(text)[1:][-2:]
    found = [at_start(words_of(clause), "no") for clause in last]
    return any(
        one and (not one.rest or (len(one.rest) == 1 and one.language != "en"))
        for one in found
    )


def _clauses(text: str) -> list[str]:
    return [one for one in _CLAUSES.split(text) if one.strip()]


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
    station = None
    if intent is Intent.REDEEM:
        station = found.station or station_in(text)
    return replace(
        found,
        intent=intent,
        doubt=doubt,
        station=station,
        reason=found.reason if intent is Intent.VOID else None,
        place=place_in(text) if intent is Intent.WHERE else None,
        likely=(),
    )


def _likely(scores: Scores, found: Understood) -> tuple[Intent, ...]:
    """Return the two likeliest intents, to be offered."""
    has_voucher = found.slots.has_voucher
    return tuple(
        intent
        for label, share in scores.intents.items()
        if share >= WORTH_OFFERING
        and (intent := INTENTS[label])
        not in {Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.YES, Intent.NO}
        and not (has_voucher and intent in _CONSENT)
    )[:2]
