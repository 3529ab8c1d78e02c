"""Texts to begin an answer with: the fixed ones, and those that colleagues wrote.

A text may name the customer and a voucher by `{name}` and `{reference}`. Nothing else in
braces is filled in. What is not known stays, and an answer with it is not sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from agents.language.texts import LANGUAGES, render
from agents.models import CannedReply
from vouchers.names import plain_name

if TYPE_CHECKING:
    from vouchers.models import Profile, Voucher

# The fixed texts, by their keys in the catalogues, and their titles.
FIXED = {
    "looking": gettext_lazy("Looking into it"),
    "which_station": gettext_lazy("Which station, when"),
    "no_code": gettext_lazy("Do not send the code"),
    "later": gettext_lazy("Answer comes later"),
    "solved": gettext_lazy("Solved"),
}
VARIABLES = ("name", "reference")
MOST = 50
_VARIABLE = re.compile(r"\{(" + "|".join(VARIABLES) + r")\}")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A canned reply with its texts by language."""

    key: str
    title: str
    texts: dict[str, str]
    # The row and its author, where a colleague wrote or changed it.
    pk: int | None = None
    changed_by: str = ""


def replies() -> list[Reply]:
    """Return all replies: the fixed ones first, each replaced by a changed one."""
    rows = {row.key: row for row in CannedReply.objects.order_by("title")[:MOST]}
    found = [_of(rows.pop(key)) if key in rows else fixed(key) for key in FIXED]
    return found + [_of(row) for row in rows.values()]


def fixed(key: str) -> Reply:
    """Return a fixed reply as the catalogues have it."""
    texts = {language: render(f"canned.{key}", language) for language in LANGUAGES}
    return Reply(key, str(FIXED[key]), texts)


def is_fixed(key: str) -> bool:
    return key in FIXED


def fill(text: str, *, person: Profile, voucher: Voucher | None) -> str:
    """Put in the customer's name and the voucher's reference, where they are known."""
    known = {
        "name": plain_name(person.name),
        "reference": voucher.reference if voucher else "",
    }
    return _VARIABLE.sub(lambda found: known[found[1]] or found[0], text)


def unfilled(text: str) -> str:
    """Return the first variable that is still in a text; "" without one."""
    found = _VARIABLE.search(text)
    return found[0] if found else ""


def without_variables(text: str) -> str:
    """Return a text in which the variables are filled in, to check the rest."""
    return _VARIABLE.sub("x", text)


def unknown_variable(text: str) -> str:
    """Return the first name in braces that is no variable; "" without one."""
    for found in _BRACES.finditer(text):
        if found[1] not in VARIABLES:
            return found[0]
    return ""


def _of(row: CannedReply) -> Reply:
    texts = {language: row.text(language) for language in LANGUAGES}
    return Reply(row.key, row.title, texts, row.pk, row.changed_by)
