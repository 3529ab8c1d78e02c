"""A bare answer to what was asked back, and what is none. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agents.runtime.offline.asides import bare_station
from agents.runtime.offline.doubts import Doubt
from agents.runtime.offline.grammar import Intent, Understood, understand

if TYPE_CHECKING:
    from agents.runtime.offline.memory import Draft

# Asked for: whether a voucher is meant at all.
CONFIRM = "create"


def complete(text: str, draft: Draft) -> Draft | None:
    """Return the request with the bare answer filled in, or None: something else."""
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
        # "about 5000" tells an amount, but none to go by.
        slots = replace(slots, amount_unclear=True, number_unclear=True)
    filled = replace(
        draft,
        amount=slots.amount if slots.amount is not None else draft.amount,
        number=slots.number or draft.number,
        voucher=slots.voucher or draft.voucher,
        reason=read.reason or draft.reason,
    )
    if draft.intent == "redeem" and draft.station is None:
        filled = replace(filled, station=bare_station(text))
    told_something = slots.has_any or filled != draft
    return filled if told_something else None


_NO_REASON = frozenset(Intent) - {Intent.UNCLEAR, Intent.LOOKUP, Intent.LIST}


def _with_reason(text: str, read: Understood, draft: Draft) -> Draft | None:
    """Any sentence may be a reason, but no greeting, question or other request."""
    if read.intent in _NO_REASON or "?" in text:
        return None
    if read.intent is not Intent.UNCLEAR and read.slots.has_any:
        return None
    reason = read.reason or " ".join(text.split())[:300]
    return replace(draft, reason=reason) if len(reason) > 1 else None
