"""The one door to row locks of this app.

Always in this order: conversation, turn, pending action. Call inside `atomic`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from agents.errors import LeaseLost
from agents.models import Conversation, PendingAction, Turn

if TYPE_CHECKING:
    from uuid import UUID


def lock_conversation(conversation_id: int) -> Conversation:
    """Lock the conversation; messages may still be added to it meanwhile."""
    found = (
        Conversation.objects.select_related("profile__station")
        .annotate(asked_at=Now())
        .select_for_update(of=("self",), no_key=True)
        .get(pk=conversation_id)
    )
    found.locked_at = found.asked_at
    return found


def lock_idle_conversation(conversation_id: int) -> Conversation | None:
    """Lock the conversation; None when somebody else is at it."""
    return (
        Conversation.objects.select_related("profile__station")
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=conversation_id)
        .first()
    )


def lock_turn(*, turn_id: int, token: UUID) -> Turn:
    """Lock the running turn, if this worker still holds its lease."""
    try:
        return Turn.objects.select_for_update(of=("self",), no_key=True).get(
            pk=turn_id, lease_token=token, status=Turn.Status.RUNNING
        )
    except Turn.DoesNotExist:
        raise LeaseLost from None


def lock_action(public_id: UUID) -> PendingAction | None:
    return (
        PendingAction.objects.select_for_update(of=("self",), no_key=True)
        .filter(public_id=public_id)
        .first()
    )
