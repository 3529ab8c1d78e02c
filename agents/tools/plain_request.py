"""Find a plain request in the messages that the person wrote in this turn. Pure.

The code reads the messages; the model has no part in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language.detection import detect_language
from agents.language.lexicons.vocabulary import fold
from agents.offline.details import split_reason
from agents.offline.doubt import Doubt, doubt_of
from agents.offline.slots import Slots, read_slots

if TYPE_CHECKING:
    from collections.abc import Sequence


def states_issue(texts: Sequence[str], *, amount: int, msisdn: str) -> bool:
    """Tell whether the texts name exactly this amount and this number, in digits.

    A second amount or number, look-alike digits, number words, a question or a
    negation make the confirm button necessary.
    """
    slots = _slots_if_plain(texts)
    if slots is None or slots.amount_in_words:
        return False
    return slots.amount == amount and slots.number == msisdn


def states_code(texts: Sequence[str], *, placeholder: int) -> bool:
    """Tell whether the texts contain this code, "[code 1]", and no other voucher."""
    slots = _slots_if_plain(texts)
    return slots is not None and slots.voucher == f"[code {placeholder}]"


def names_one_of(texts: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether the texts contain one of the names."""
    written = f" {' '.join(fold(' '.join(texts)).split())} "
    return any(f" {fold(name)}" in written for name in names if name)


def _slots_if_plain(texts: Sequence[str]) -> Slots | None:
    text, _ = split_reason("\n".join(texts))
    spoken = frozenset({detect_language([text]) or "en"})
    return read_slots(text) if doubt_of(text, spoken) is Doubt.NONE else None
