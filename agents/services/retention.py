"""What is kept how long. Vouchers' events are kept for ever, and are not ours."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from agents.models import (
    IdempotentCall,
    Message,
    OutboundMessage,
    RealtimeEvent,
    SimulatedDelivery,
    WebhookEvent,
)
from agents.services import forwarding
from agents.tools import rates

RAW = timedelta(days=8)
TEXT = timedelta(days=90)
# As long as a caller may come again with its key.
ANSWERS = timedelta(days=400)
MOST = 5_000


def purge() -> int:
    """Forget what is old enough, a bounded number of rows at a time."""
    now = timezone.now()
    raw, text = now - RAW, now - TEXT
    events = WebhookEvent.objects.filter(received_at__lt=raw, body__isnull=False)
    ids = Message.objects.filter(received_at__lt=raw).exclude(
        provider_id="", codes_sealed=None
    )
    sent_ids = OutboundMessage.objects.filter(created_at__lt=raw).exclude(
        provider_id=""
    )
    words = Message.objects.filter(received_at__lt=text).exclude(text="")
    said = OutboundMessage.objects.filter(created_at__lt=text).exclude(
        body="", extra={}
    )
    shown = SimulatedDelivery.objects.filter(delivered_at__lt=text)
    shown_ids = list(shown.values_list("pk", flat=True)[:MOST])
    return (
        events.filter(pk__in=_first(events)).update(body=None)
        + ids.filter(pk__in=_first(ids)).update(provider_id="", codes_sealed=None)
        + sent_ids.filter(pk__in=_first(sent_ids)).update(provider_id="")
        + words.filter(pk__in=_first(words)).update(text="")
        + said.filter(pk__in=_first(said)).update(body="", extra={})
        + SimulatedDelivery.objects.filter(pk__in=shown_ids).delete()[0]
        + rates.purge()
        + forwarding.purge(older_than=raw)
        + _purge_functions()
    )


def _purge_functions() -> int:
    now = timezone.now()
    bodies = RealtimeEvent.objects.filter(received_at__lt=now - RAW).exclude(body=None)
    answers = IdempotentCall.objects.filter(created_at__lt=now - ANSWERS)
    return (
        bodies.filter(pk__in=_first(bodies)).update(body=None)
        + answers.filter(pk__in=_first(answers)).delete()[0]
    )


def _first(rows: object) -> list[int]:
    return list(rows.values_list("pk", flat=True)[:MOST])  # type: ignore[attr-defined]
