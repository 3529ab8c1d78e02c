"""Cancel the agent's waiting replies and questions on a full rollback.

A waiting turn is not cancelled: it finds its feature off and forwards its messages to
the previous workflow. Colleagues' answers are sent.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from agents.models import OutboundMessage, PendingAction
from agents.outbound.next_to_send import cancel
from easymo.observability.logs import get_logger

logger = get_logger(__name__)
MOST_AT_ONCE = 200


def cancel_waiting() -> int:
    """Cancel replies that are not sent yet and questions that wait for a button."""
    questions = PendingAction.objects.filter(
        status=PendingAction.Status.WAITING
    ).update(status=PendingAction.Status.EXPIRED, decided_at=timezone.now())
    messages = 0
    while number := _cancel_some():
        messages += number
    logger.info("ai.waiting.cancelled", messages=messages, questions=questions)
    return messages + questions


def _cancel_some() -> int:
    with transaction.atomic():
        queued = list(
            OutboundMessage.objects.filter(
                state=OutboundMessage.State.QUEUED, written_by=""
            )
            # A reply that is being sent at this moment is locked, and is sent.
            .select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("conversation__profile", "turn")
            .order_by("pk")[:MOST_AT_ONCE]
        )
        for message in queued:
            cancel(message, "rolled back")
    return len(queued)
