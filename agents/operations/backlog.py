"""What waits for a worker, and for how long. Read by readiness and metrics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from agents.models import Message, OutboundMessage, WebhookEvent

if TYPE_CHECKING:
    from datetime import datetime

# Older ones do not wait any more: nobody answers them by herself.
OLDEST = timedelta(days=1)


def oldest_waiting() -> dict[str, float]:
    """Return the seconds that the oldest of each kind has waited; 0 when none does."""
    now = timezone.now()
    since = now - OLDEST
    first = {
        "webhook": WebhookEvent.objects.filter(
            # One that is tried again, because it failed, waits for no worker.
            state=WebhookEvent.State.RECEIVED,
            processed_at=None,
            received_at__gt=since,
        ).aggregate(at=Min("received_at"))["at"],
        "message": Message.objects.filter(
            state=Message.State.WAITING,
            received_at__gt=since,
            conversation__paused_at=None,
        ).aggregate(at=Min("received_at"))["at"],
        "reply": _oldest_reply(now, since),
    }
    return {
        kind: max((now - at).total_seconds(), 0.0) if at else 0.0
        for kind, at in first.items()
    }


def _oldest_reply(now: datetime, since: datetime) -> datetime | None:
    """Return since when a reply could have been sent; one put off does not wait."""
    first: datetime | None = OutboundMessage.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now),
        state=OutboundMessage.State.QUEUED,
        created_at__gt=since,
    ).aggregate(at=Min(Coalesce("next_attempt_at", "created_at")))["at"]
    return first
