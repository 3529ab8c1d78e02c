"""Judge the clauses of a text: which of them asks for a change, and which holds the doubt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agents.language.phrases import anywhere, at_start, words_of
from agents.offline.details import NAMED
from agents.offline.doubt import Doubt
from agents.offline.grammar import Intent, understand

if TYPE_CHECKING:
    from agents.offline.grammar import Understood

_CLAUSES = re.compile(r"[,.;!\n]+(?=\s|$)|\s[-–]\s")
_SENTENCES = re.compile(r"[.;!\n]+(?=\s|$)")
_REFUSED = re.compile(
    r"\b(?:i (?:have )?refused|i said no|j'ai (?:refusé|dit non)|ni(?:me|li)kataa"
    r"|na(?:ra)?nze|nababwiye oya)\b",
    re.IGNORECASE,
)


def clauses_of(text: str) -> list[str]:
    return [one for one in _CLAUSES.split(text) if one.strip()]


def is_taken_back(text: str) -> bool:
    """Tell whether a last clause takes the request back: "void V7-... - no, forget it".

    "Void V7-..., no longer needed" does not.
    """
    if _REFUSED.search(text):
        return True
    last = clauses_of(text)[1:][-2:]
    found = [at_start(words_of(clause), "no") for clause in last]
    return any(
        one and (not one.rest or (len(one.rest) == 1 and one.language != "en"))
        for one in found
    )


def is_plain_up_to_voucher(text: str, intent: Intent) -> bool:
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


def has_plain_sentence(text: str, intent: Intent) -> bool:
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
        part.slots.has_voucher if intent is not Intent.CREATE else names_amount(part)
        for part in plain
    )


def names_amount(found: Understood) -> bool:
    return found.slots.amount is not None and found.slots.number is not None
