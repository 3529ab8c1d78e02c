"""Work that waits for a worker: its age, and enqueueing it again after a crash."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from agents.core.jobs import (
    enqueue_delivery,
    enqueue_event_processing,
    enqueue_media_download,
    enqueue_turn,
)
from agents.forwarding import queue as forwarding
from agents.inbound import media_store
from agents.models import Conversation, Message, OutboundMessage, Turn, WebhookEvent
from agents.outbound import circuit_breaker
from agents.outbound.outbox import OPEN

if TYPE_CHECKING:
    from datetime import datetime

# Older messages are never answered automatically.
OLDEST = timedelta(days=1)


def oldest_waiting() -> dict[str, float]:
    """Return how many seconds the oldest of each kind has waited, else 0."""
    now = timezone.now()
    since = now - OLDEST
    first = {
        "webhook": WebhookEvent.objects.filter(
            # A failed event that is retried does not wait for a worker.
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
    """Return since when the oldest reply could have been sent."""
    first: datetime | None = OutboundMessage.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now),
        state=OutboundMessage.State.QUEUED,
        created_at__gt=since,
    ).aggregate(at=Min(Coalesce("next_attempt_at", "created_at")))["at"]
    return first


# More recent work is most likely being done.
PATIENCE = timedelta(seconds=5)
# Longer than any quiet time.
TURN_PATIENCE = timedelta(seconds=12)
MOST = 500

State = OutboundMessage.State


def enqueue_waiting() -> int:
    """Enqueue overdue work again; return how much. A second job finds nothing to do."""
    with transaction.atomic():
        received = _has_received()
        if received:
            enqueue_event_processing()
        to_fetch = media_store.overdue()
        for media_id in to_fetch:
            enqueue_media_download(media_id=media_id)
        to_forward = forwarding.enqueue_due_lanes()
        to_deliver = _undelivered()
        for conversation_id in to_deliver:
            enqueue_delivery(conversation_id=conversation_id)
        to_answer = _unanswered()
        for conversation_id in to_answer:
            enqueue_turn(conversation_id=conversation_id)
    enqueued = len(to_fetch) + len(to_deliver) + len(to_answer)
    return received + to_forward + enqueued


def _has_received() -> bool:
    return WebhookEvent.objects.filter(
        state=WebhookEvent.State.RECEIVED, received_at__lt=timezone.now() - PATIENCE
    ).exists()


def _undelivered() -> list[int]:
    now = timezone.now()
    due = Q(next_attempt_at__lte=now) | Q(next_attempt_at=None)
    overdue = (
        Q(state=State.QUEUED, created_at__lt=now - PATIENCE) & due
        | Q(state=State.SENDING, lease_expires_at__lte=now)
        | Q(state=State.UNKNOWN) & due
    )
    found = OutboundMessage.objects.filter(overdue, state__in=OPEN)
    # Messages of a stopped sender are enqueued when it may send again.
    found = found.exclude(circuit_breaker.held_messages(now))
    return sorted(set(found.values_list("conversation_id", flat=True)[:MOST]))


def _unanswered() -> list[int]:
    now = timezone.now()
    waiting = (
        Message.objects.filter(
            state=Message.State.WAITING, received_at__lt=now - TURN_PATIENCE
        )
        .exclude(
            conversation__turns__status=Turn.Status.RUNNING,
            conversation__turns__lease_expires_at__gt=now,
        )
        .values_list("conversation_id", flat=True)[:MOST]
    )
    abandoned = (
        Turn.objects.filter(status=Turn.Status.RUNNING, lease_expires_at__lte=now)
        # A turn of a call ends with its call.
        .exclude(conversation__channel=Conversation.Channel.VOICE)
        .values_list("conversation_id", flat=True)[:MOST]
    )
    return sorted({*waiting, *abandoned})
