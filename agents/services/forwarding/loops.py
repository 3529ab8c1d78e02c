"""A body of ours that comes back: the previous workflow is ourselves, or sends it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F
from django.utils import timezone

from agents.models import ForwardedBody, ForwardTarget
from easymo.observability.logs import get_logger
from rollout.services import notify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import WebhookEvent

logger = get_logger(__name__)

NOTICE_EVERY = timedelta(hours=1)
CAME_BACK = """
SELECT EXISTS (SELECT FROM agents_forwardedbody WHERE sha256 = ANY(%s))
"""


def which_came_back(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Return those whose very bytes we sent; raise the alarm for each."""
    with connection.cursor() as cursor:
        cursor.execute(CAME_BACK, [[bytes(event.sha256) for event in events]])
        if not cursor.fetchone()[0]:
            return []
    return [event for event in events if has_come_back(event)]


def has_come_back(event: WebhookEvent) -> bool:
    """Tell whether we sent these very bytes; raise the alarm when we did."""
    if not ForwardedBody.objects.filter(pk=bytes(event.sha256)).exists():
        return False
    logger.error("ai.whatsapp.forward.loop", event_id=event.pk)
    now = timezone.now()
    target, _ = ForwardTarget.objects.select_for_update().get_or_create(pk=1)
    if target.looped_at is None or now - target.looped_at > NOTICE_EVERY:
        notify.queue(
            text="A webhook that we had sent on to the previous workflow came back to "
            "us and was dropped. LEGACY_WEBHOOK_URL leads to ourselves, or what is "
            "there sends back what it gets."
        )
    ForwardTarget.objects.filter(pk=1).update(loops=F("loops") + 1, looped_at=now)
    return True
