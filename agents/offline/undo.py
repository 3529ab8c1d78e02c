"""Recognise that station staff ask to take a redemption back. Pure, and strict.

The verb begins the text, after a greeting or "please"; between it and the code or the
reference stand only words that belong to them. What follows is the reason. A question, a
quotation, a negation, a condition, or another request beside it is not such a request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from agents.language.detection import detect_language
from agents.language.lexicons.plain_commands import PLAIN_COMMANDS
from agents.language.lexicons.undo_commands import UNDO_COMMANDS
from agents.language.phrases import Words, at_start, is_whole, words_of
from agents.offline.details import split_reason
from agents.offline.doubt import is_past, is_quoted
from agents.offline.slots import Slots, plain_signs, read_slots

_LONGEST = 400
_LONGEST_REASON = 300
_QUESTION = re.compile(r"[?？؟]")
_VALUE = ";"
_COURTESY = ("voucher", "articles", "of", "code", "courtesies", "for_")
# They begin what is no reason: "if he comes back", "or not", "then redeem ...".
_NO_REASON = ("hearsay", "unsure", "interrogatives", "questions", "next_words")


@dataclass(frozen=True)
class Undo:
    """A request to take a redemption back."""

    slots: Slots
    reason: str | None


def asks_to_undo(text: str) -> Undo | None:
    """Return the request that the text is, or None."""
    text = plain_signs(text)
    if len(text) > _LONGEST or _QUESTION.search(text) or is_quoted(text):
        return None
    head, reason = split_reason(text, detect_language([text]))
    slots = read_slots(head)
    behind = _behind_request(slots)
    if behind is None or (behind and not _is_reason(behind)):
        return None
    said = "; ".join(filter(None, (_tail_of(head, behind), reason)))
    return Undo(slots, " ".join(said.split())[:_LONGEST_REASON] or None)


def _behind_request(slots: Slots) -> Words | None:
    """Return the words behind verb and value; None when it is no such request."""
    # "Annulé" tells what was done; words without accents are as in "annule".
    request = slots.marked.split(_VALUE)[0]
    if any(is_past(request, words_of(request), one) for one in UNDO_COMMANDS):
        return None
    if slots.numbers or (slots.number_unclear and _VALUE not in slots.marked):
        return None
    rest = _behind_verb(_without_openers(words_of(slots.marked)), slots)
    return None if rest is None else _behind_value(rest)


def _without_openers(words: Words) -> Words:
    while taken := _longest(words, _phrases("openers")):
        words = words[taken:]
    return words


def _behind_verb(words: Words, slots: Slots) -> Words | None:
    """Return the words behind the verb; a weak verb needs its object."""
    if taken := _longest(words, _verbs("verbs")):
        return words[taken:]
    taken = _longest(words, _verbs("weak"))
    rest = words[taken:]
    names_it = slots.has_voucher or _longest(rest, _verbs("redemption"))
    says_it = taken > 1 and "redemption" in words[:taken]
    return rest if taken and (names_it or says_it) else None


def _behind_value(words: Words) -> Words | None:
    """Return the words behind the code or reference; None with an unknown word before."""
    allowed = _verbs("redemption") | frozenset().union(*map(_phrases, _COURTESY))
    while words:
        if words[0] == _VALUE:
            words = words[1:]
            while taken := _longest(words, _phrases("courtesies") | {(_VALUE,)}):
                words = words[taken:]
            return words
        taken = _longest(words, allowed)
        if not taken:
            return None
        words = words[taken:]
    return words


def _is_reason(words: Words) -> bool:
    if is_whole(words, "no") or (len(words) == 1 and at_start(words, "negations")):
        return False
    return not any(at_start(words, field) for field in _NO_REASON)


def _tail_of(head: str, behind: Words) -> str:
    """Return the end of the text, as written, whose words are these."""
    if not behind:
        return ""
    starts = [found.start() for found in re.finditer(r"\S+", head)]
    for start in reversed(starts):
        tail = head[start:]
        if len(words_of(read_slots(tail).marked)) >= len(behind):
            return tail.strip(" .,:;-–—!")
    return ""


def _longest(words: Words, allowed: frozenset[Words]) -> int:
    """Return the length of the longest allowed phrase at the start, or 0."""
    sizes = range(min(len(words), _LONGEST_PHRASE), 0, -1)
    return next((size for size in sizes if words[:size] in allowed), 0)


@cache
def _verbs(field: str) -> frozenset[Words]:
    return frozenset(
        words_of(entry)
        for commands in UNDO_COMMANDS.values()
        for entry in getattr(commands, field)
    )


@cache
def _phrases(field: str) -> frozenset[Words]:
    return frozenset(
        words_of(entry)
        for commands in PLAIN_COMMANDS.values()
        for entry in getattr(commands, field)
    )


_LONGEST_PHRASE = 6
