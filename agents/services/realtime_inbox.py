"""OpenAI's signed webhooks: their bytes made durable, once for each id."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from agents.models import RealtimeEvent

if TYPE_CHECKING:
    from uuid import UUID


def record(*, webhook_id: str, body: bytes, correlation_id: UUID) -> int | None:
    """Store the bytes; return the event's id, or None when they are here already."""
    event, is_new = RealtimeEvent.objects.get_or_create(
        webhook_id=webhook_id,
        defaults={
            "body": body,
            "sha256": hashlib.sha256(body).digest(),
            "correlation_id": correlation_id,
        },
    )
    return event.pk if is_new else None
