"""Results that took too long to be spoken: sent to WhatsApp where that is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import whatsapp_copy
from agents.calls.tools import NO_CODES, claim_turn
from agents.core.locks import lock_conversation
from agents.identity import calling
from agents.models import Call, PendingAction, ToolCall
from agents.tools import confirmation, registry
from agents.turns import tool_calls
from agents.turns.reply import display_of

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

Status = PendingAction.Status


def sends_late(ref: CallRef, name: str) -> bool:
    """Tell whether a late result of this tool is sent to the caller on WhatsApp.

    An unverified caller learns nothing of the number that they use.
    """
    if not _is_read(name):
        return False
    call = Call.objects.select_related("profile").get(pk=ref.pk)
    if call.profile is None or not calling.is_verified(call):
        return False
    return whatsapp_copy.chat_of(call.profile) is not None


def send_late(ref: CallRef, *, turn: int, ordinal: int) -> bool:
    """Send what a call read that took too long; call it when `perform` has ended.

    The receipt of a change is sent in its own transaction. A question that the caller
    did not hear is not open any more: no key answers it.
    """
    row = ToolCall.objects.filter(turn=turn, ordinal=ordinal).first()
    if row is not None and row.code == confirmation.NEEDED:
        _withdraw_unheard(ref, row)
    if row is None or not _is_read(row.name) or not display_of(row):
        return False
    with transaction.atomic():
        claimed = claim_turn(ref, turn, NO_CODES)
        if not claimed.is_verified:
            return False
        return whatsapp_copy.send(
            ref,
            claimed.profile,
            about=f"late:{row.pk}",
            body=display_of(row),
            language=claimed.language,
        )


def _is_read(name: str) -> bool:
    return not registry.is_write(name) and name != tool_calls.HAND_OFF


@transaction.atomic
def _withdraw_unheard(ref: CallRef, row: ToolCall) -> None:
    lock_conversation(ref.conversation_id)
    unheard = PendingAction.objects.filter(tool_call=row, status=Status.WAITING)
    for action in unheard:
        confirmation.decide(action, Status.REPLACED, timezone.now())
