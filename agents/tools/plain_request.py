"""What a person wrote herself in this turn, read by code and not by the model. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language.detection import detect_language
from agents.language.lexicons.vocabulary import fold
from agents.offline.details import split_reason
from agents.offline.doubt import Doubt, doubt_of
from agents.offline.slots import Slots, read_slots
from vouchers import msisdn as numbers

if TYPE_CHECKING:
    from collections.abc import Sequence


def states_issue(texts: Sequence[str], *, amount: int, msisdn: str) -> bool:
    """Say whether the texts name this one amount and this one number, in digits.

    A second amount or number, look-alike digits, number words, a question or a "do
    not": then it is the button's turn.
    """
    slots = _slots_if_plain(texts)
    if slots is None or slots.amount_in_words or slots.number is None:
        return False
    try:
        written = numbers.parse(slots.number)
    except numbers.InvalidMsisdn:
        return False
    return slots.amount == amount and written == msisdn


def states_code(texts: Sequence[str], *, placeholder: int) -> bool:
    """Say whether the texts hold this code, "[code 1]", and no other voucher."""
    slots = _slots_if_plain(texts)
    return slots is not None and slots.voucher == f"[code {placeholder}]"


def names_one_of(texts: Sequence[str], names: Sequence[str]) -> bool:
    """Say whether one of a station's names stands in the texts."""
    written = f" {' '.join(fold(' '.join(texts)).split())} "
    return any(f" {fold(name)}" in written for name in names if name)


def _slots_if_plain(texts: Sequence[str]) -> Slots | None:
    text, _ = split_reason("\n".join(texts))
    spoken = frozenset({detect_language([text]) or "en"})
    return read_slots(text) if doubt_of(text, spoken) is Doubt.NONE else None
