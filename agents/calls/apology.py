"""Tell a caller on WhatsApp that their call broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language.texts import render
from agents.models import Identity
from agents.notifications.unrequested import conversation_with, enqueue_unrequested

if TYPE_CHECKING:
    from agents.models import Call


def enqueue(call: Call) -> bool:
    """Queue the apology, once; False where nothing can be sent.

    Only to a person with a WhatsApp identity who has written in the last 24 hours and
    has not opted out: the number of a caller proves nothing.
    """
    profile = call.profile
    if profile is None or not profile.is_active or not _is_known(profile.pk):
        return False
    conversation = conversation_with(profile, may_create=False)
    if conversation is None or conversation.stopped_at is not None:
        return False
    return enqueue_unrequested(
        conversation,
        cause=f"call:{call.pk}:apology",
        body=render("call.broke_off", call.language),
        template=None,
    )


def _is_known(profile_id: int) -> bool:
    kinds = [Identity.Kind.WA_ID, Identity.Kind.BSUID]
    return Identity.objects.filter(
        profile=profile_id, kind__in=kinds, superseded_at=None
    ).exists()
