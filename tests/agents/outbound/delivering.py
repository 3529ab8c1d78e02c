"""Enqueue messages and deliver them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import Conversation, OutboundMessage
from agents.outbound import outbox, sending
from agents.whatsapp import graph_client
from tests import payloads
from vouchers.models import Profile


def make_conversation(**profile: Any) -> Conversation:
    person = Profile.objects.create(**profile)
    return Conversation.objects.create(
        profile=person,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        is_synthetic=person.is_sandbox,
        window_closes_at=timezone.now() + timedelta(hours=20),
    )


def say(conversation: Conversation, body: str, **fields: Any) -> OutboundMessage:
    return outbox.enqueue(
        conversation=conversation, cause=f"test:{body[:60]}", body=body, **fields
    )


def deliver(*conversations: Conversation) -> int:
    async def _deliver() -> int:
        try:
            sent = [
                await sending.deliver(conversation_id=conversation.pk)
                for conversation in conversations
            ]
            return sum(sent)
        finally:
            await graph_client.close()

    return asyncio.run(_deliver())


def make_due() -> None:
    """End every pause."""
    OutboundMessage.objects.exclude(next_attempt_at=None).update(
        next_attempt_at=timezone.now()
    )
