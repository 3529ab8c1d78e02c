"""What a caller also gets on WhatsApp: receipts, late answers and buttons.

Only a person who is known there, has written in the last 24 hours and has not opted out
gets anything: the calling number proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.core.jobs import enqueue_delivery
from agents.core.serving import may_answer
from agents.identity import blocks, consent
from agents.language.texts import render
from agents.notifications.unrequested import conversation_with, is_window_open
from agents.outbound import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.calls.reference import CallRef
    from agents.models import Conversation
    from vouchers.models import Profile


def chat_of(profile: Profile) -> Conversation | None:
    """Return the person's chat when it can be written to now."""
    if not may_answer(profile) or blocks.is_blocked(profile):
        return None
    if consent.is_opted_out(profile):
        return None
    chat = conversation_with(profile, may_create=False)
    return chat if chat is not None and is_window_open(chat) else None


def send(
    ref: CallRef,
    profile: Profile,
    *,
    about: str,
    body: str,
    language: str,
    buttons: Sequence[tuple[str, str]] = (),
) -> bool:
    """Queue a message about the call, once for what it is about; False: it cannot be.

    Call it in the transaction of what it tells.
    """
    chat = chat_of(profile)
    if chat is None:
        return False
    outbox.enqueue(
        conversation=chat,
        cause=f"call:{ref.pk}:{about}",
        body=f"{render('phone.on_whatsapp', language)}\n{body}",
        buttons=buttons,
    )
    enqueue_delivery(conversation_id=chat.pk)
    return True
