"""A colleague should call the caller back: a task with the reason and the number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from agents.calls import recording
from agents.core.handoffs import open_handoff
from agents.models import Call, CallEvent, HandOff

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

# Shown in the list of tasks, so without names and whole numbers.
REASONS = {
    "transfer_failed": "The caller asked for a person, and the transfer did not work.",
    "no_fallback": "The caller asked for a person; no number for transfers is set.",
    "broke_off": "The call broke off.",
    "unsupported_claims": "The agent said twice what no row shows; the call was ended.",
    "asked": "The caller asked to be called back.",
}


def open_callback(ref: CallRef, reason: str) -> bool:
    """Open the task, once for a person; return whether it is new."""
    with transaction.atomic():
        call = Call.objects.select_related("profile", "conversation").get(pk=ref.pk)
        if call.profile is None:
            return False
        is_new = open_handoff(
            kind=HandOff.Kind.CALLBACK,
            profile=call.profile,
            conversation=call.conversation,
            reason=f"{REASONS.get(reason, REASONS['asked'])} Called from"
            f" {call.caller_masked or 'a withheld number'}.",
        )
        recording.event(ref, CallEvent.Kind.CALLBACK, reason=reason, is_new=is_new)
    return is_new
