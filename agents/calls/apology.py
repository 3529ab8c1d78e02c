"""Tell a caller on WhatsApp that their call broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.calls.whatsapp_copy import chat_of
from agents.core.jobs import enqueue_delivery
from agents.language.texts import render
from agents.outbound import outbox

if TYPE_CHECKING:
    from agents.models import Call


def enqueue(call: Call) -> bool:
    """Queue the apology, once; False where the person cannot be written to."""
    chat = chat_of(call.profile) if call.profile is not None else None
    if chat is None:
        return False
    outbox.enqueue(
        conversation=chat,
        cause=f"call:{call.pk}:apology",
        body=render("call.broke_off", call.language),
    )
    enqueue_delivery(conversation_id=chat.pk)
    return True
