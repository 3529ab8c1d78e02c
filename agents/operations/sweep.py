"""What a crash left behind, found in our rows and woken again.

Waking somebody who is not asleep does no harm: whoever comes second finds nothing.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.core.jobs import (
    enqueue_delivery,
    enqueue_event_processing,
    enqueue_media_download,
    enqueue_turn,
)
from agents.forwarding import queue as forwarding
from agents.inbound import media_store
from agents.models import Message, OutboundMessage, Turn, WebhookEvent
from agents.outbound import circuit_breaker
from agents.outbound.outbox import OPEN

# What is younger is most likely on its way.
PATIENCE = timedelta(seconds=5)
# Longer than any quiet time.
TURN_PATIENCE = timedelta(seconds=12)
MOST = 500

State = OutboundMessage.State


def wake_what_waits() -> int:
    """Wake again what waits in our rows for too long; return how many."""
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
    woken = len(to_fetch) + len(to_deliver) + len(to_answer)
    return received + to_forward + woken


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
    # What waits for our own number is woken when that may send.
    if held := circuit_breaker.held_numbers(now):
        found = found.exclude(
            conversation__phone_number_id__in=held, conversation__is_synthetic=False
        )
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
    deserted = Turn.objects.filter(
        status=Turn.Status.RUNNING, lease_expires_at__lte=now
    ).values_list("conversation_id", flat=True)[:MOST]
    return sorted({*waiting, *deserted})
