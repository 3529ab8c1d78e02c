"""What people wrote is kept here as long as in the raw store, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import ForwardedBody, ForwardedItem
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from datetime import datetime

logger = get_logger(__name__)

State = ForwardedItem.State
MOST = 5_000


def purge(*, older_than: datetime) -> int:
    """Forget contents; what the other side never took has then run out."""
    kept = ForwardedItem.objects.filter(
        created_at__lt=older_than, content__isnull=False
    )
    ids = list(kept.values_list("pk", flat=True)[:MOST])
    lost = ForwardedItem.objects.filter(pk__in=ids, state=State.QUEUED).update(
        state=State.EXPIRED
    )
    if lost:
        logger.error("ai.whatsapp.forward.expired", items=lost)
    forgotten = ForwardedItem.objects.filter(pk__in=ids).update(content=None)
    old = ForwardedBody.objects.filter(sent_at__lt=older_than)
    digests = list(old.values_list("pk", flat=True)[:MOST])
    return forgotten + ForwardedBody.objects.filter(pk__in=digests).delete()[0]
