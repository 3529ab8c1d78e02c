"""What the outbox forgets, and what it stops waiting for."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from agents.core.handoffs import open_handoff
from agents.models import HandOff, MessageStatus, OutboundMessage
from agents.outbound import send_rate
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

# Meta delivers what waits for a telephone that is off for so long, then drops it.
UNDELIVERED_FOR = timedelta(days=30)
# A status may come before our own answer; longer than that it is another's.
STRAY_FOR = timedelta(minutes=10)
MOST = 5_000
MOST_AT_ONCE = 200
NOT_ARRIVED = "not_arrived"

State = OutboundMessage.State


def purge() -> int:
    """Forget full buckets and strangers' statuses; give up what never arrived."""
    return send_rate.purge() + _forget_strays() + _give_up_undelivered()


def _forget_strays() -> int:
    strays = MessageStatus.objects.filter(
        outbound=None, received_at__lt=timezone.now() - STRAY_FOR
    )
    first = list(strays.values_list("pk", flat=True)[:MOST])
    return MessageStatus.objects.filter(pk__in=first).delete()[0]


def _give_up_undelivered() -> int:
    before = timezone.now() - UNDELIVERED_FOR
    with transaction.atomic():
        messages = list(
            OutboundMessage.objects.select_for_update(
                of=("self",), no_key=True, skip_locked=True
            )
            .select_related("conversation__profile")
            .filter(state=State.SENT, handed_over_at__lt=before)
            .order_by("handed_over_at")[:MOST_AT_ONCE]
        )
        for message in messages:
            message.state = State.FAILED
            message.error_code = NOT_ARRIVED
            message.save(update_fields=["state", "error_code"])
            open_handoff(
                kind=HandOff.Kind.UNDELIVERED,
                profile=message.conversation.profile,
                conversation=message.conversation,
                reason="A message was not delivered within 30 days.",
            )
    if messages:
        logger.warning("ai.whatsapp.send.error", code=NOT_ARRIVED, count=len(messages))
    return len(messages)
