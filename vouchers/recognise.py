"""Recognise what a user searches for: a code, a number, an id, a reference or a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from vouchers.codes import Code, find_codes
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse

if TYPE_CHECKING:
    from django.db.models import QuerySet

LONGEST = 200
# A code that begins in the words that are kept is read to its end.
MOST_READ = 2 * LONGEST
# More people than these are no answer to a search by name.
MOST_PEOPLE = 500
MOST_NAMES = 6
# Shorter words have no group of three letters inside: the index finds their beginning.
SHORTEST_INSIDE = 3
_REFERENCE = re.compile(r"[A-Z0-9]{1,8}(?:-?[A-Z0-9]{1,8}){0,3}")
_LAST_DIGITS = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class Words:
    """The words of a search, and what they can be."""

    text: str
    code: Code | None = None
    # Sixteen digits with a wrong check digit.
    is_mistyped_code: bool = False
    number: str = ""
    public_id: UUID | None = None
    reference: str = ""
    last_digits: str = ""


def recognise(words: str) -> Words:
    """Return what the words can be. The readings of codes and numbers take any spelling."""
    whole = words.replace("\0", "").strip()
    text = whole[:LONGEST]
    if found := find_codes(whole[:MOST_READ]):
        return Words(text, code=found[0].code, is_mistyped_code=found[0].code is None)
    if (public_id := _public_id(text)) is not None:
        return Words(text, public_id=public_id)
    spelled = text.upper()
    reference = spelled if len(spelled) <= 16 and _REFERENCE.fullmatch(spelled) else ""
    last = text if _LAST_DIGITS.fullmatch(text) else ""
    return Words(text, number=_number(text), reference=reference, last_digits=last)


def people_named(text: str) -> QuerySet[Profile]:
    """Return people with all of these words in their name, in no order.

    The trigram index of the names finds them. Take no more than ``MOST_PEOPLE``: a
    name that very many people have is then not read to its end.
    """
    rows = Profile.objects.order_by()
    for word in text.split()[:MOST_NAMES]:
        rows = rows.filter(_has_word(word))
    return rows


def _has_word(word: str) -> Q:
    if len(word) >= SHORTEST_INSIDE:
        return Q(name__icontains=word)
    return Q(name__istartswith=word) | Q(name__icontains=f" {word}")


def _public_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> str:
    try:
        return parse(text)
    except InvalidMsisdn:
        return ""
