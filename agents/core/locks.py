"""Row locks of this app.

Take them inside `atomic`, in this order: conversation, turn, pending action, wrong PINs
of the calling number, PIN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from agents.core.errors import LeaseLost
from agents.models import (
    CallerPinCount,
    Conversation,
    PendingAction,
    PhonePin,
    Turn,
)
from easymo.database.prepared import Prepared, slot

if TYPE_CHECKING:
    from uuid import UUID

    from vouchers.models import Profile

CONVERSATION: Prepared[Conversation] = Prepared(
    lambda: (
        Conversation.objects.select_related("profile__station")
        .annotate(locked_at=Now())  # type: ignore[no-redef]
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=slot("pk"))
    )
)
TURN = Prepared(
    lambda: Turn.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=slot("pk"), lease_token=slot("token"), status=Turn.Status.RUNNING
    )
)


def lock_conversation(conversation_id: int) -> Conversation:
    """Lock the conversation; other transactions can still add messages to it."""
    found = CONVERSATION.first(pk=conversation_id)
    if found is None:
        raise Conversation.DoesNotExist
    return found


def lock_idle_conversation(conversation_id: int) -> Conversation | None:
    """Lock the conversation; return None when it is locked already."""
    return (
        Conversation.objects.select_related("profile__station")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=conversation_id)
        .first()
    )


def lock_turn(*, turn_id: int, token: UUID) -> Turn:
    """Lock the running turn; raise LeaseLost when another worker has its lease."""
    found = TURN.first(pk=turn_id, token=token)
    if found is None:
        raise LeaseLost
    return found


def lock_action(public_id: UUID) -> PendingAction | None:
    return (
        PendingAction.objects.select_for_update(of=("self",), no_key=True)
        .filter(public_id=public_id)
        .first()
    )


def lock_caller_pin_count(caller_hmac: bytes) -> CallerPinCount:
    rows = CallerPinCount.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(caller_hmac=caller_hmac)


def lock_phone_pin(profile: Profile) -> PhonePin | None:
    return (
        PhonePin.objects.select_related("profile")
        .select_for_update(of=("self",), no_key=True)
        .filter(profile=profile)
        .first()
    )
