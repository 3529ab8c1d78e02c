"""What people see of it, and the two things that they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.jobs import wake_forward
from agents.forwarding.queue import is_set_up, open_lanes
from agents.models import ForwardedBody, ForwardedItem, ForwardLane, ForwardTarget
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

logger = get_logger(__name__)

State = ForwardedItem.State


@dataclass(frozen=True, slots=True)
class Overview:
    """How the queue and the other side are doing."""

    is_set_up: bool
    waiting: int
    oldest: datetime | None
    senders: int
    failing: int
    is_held: bool
    target: ForwardTarget | None


def overview() -> Overview:
    waiting = ForwardedItem.objects.filter(state=State.QUEUED)
    lanes = ForwardLane.objects.all()
    target = ForwardTarget.objects.filter(pk=1).first()
    first = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    held_until = target.held_until if target else None
    return Overview(
        is_set_up=is_set_up(),
        waiting=waiting.count(),
        oldest=first,
        senders=lanes.count(),
        failing=lanes.filter(attempts__gt=0).count(),
        is_held=held_until is not None and held_until > timezone.now(),
        target=target,
    )


def try_now() -> int:
    """End every pause; return how many senders wait."""
    with transaction.atomic():
        ForwardTarget.objects.update_or_create(
            pk=1, defaults={"held_until": None, "failures": 0}
        )
        lanes = ForwardLane.objects.filter(lease_expires_at=None)
        count = lanes.update(next_attempt_at=timezone.now())
        wake_forward()
    logger.info("ai.whatsapp.forward.tried_now", senders=count)
    return count


def send_again(item_ids: Sequence[int]) -> int:
    """Queue once more what was sent on or ran out, while its content is kept."""
    with transaction.atomic():
        rows = list(
            ForwardedItem.objects.select_for_update()
            .filter(pk__in=item_ids, content__isnull=False, state=State.SENT)
            .order_by("pk")
        )
        ForwardedItem.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.QUEUED, sent_at=None
        )
        open_lanes({bytes(row.lane) for row in rows})
    logger.info("ai.whatsapp.forward.sent_again", items=len(rows))
    return len(rows)


ItemState = ForwardedItem.State
MOST = 5_000


def purge(*, older_than: datetime) -> int:
    """Forget contents; what the other side never took has then run out."""
    kept = ForwardedItem.objects.filter(
        created_at__lt=older_than, content__isnull=False
    )
    ids = list(kept.values_list("pk", flat=True)[:MOST])
    lost = ForwardedItem.objects.filter(pk__in=ids, state=ItemState.QUEUED).update(
        state=ItemState.EXPIRED
    )
    if lost:
        logger.error("ai.whatsapp.forward.expired", items=lost)
    forgotten = ForwardedItem.objects.filter(pk__in=ids).update(content=None)
    old = ForwardedBody.objects.filter(sent_at__lt=older_than)
    digests = list(old.values_list("pk", flat=True)[:MOST])
    return forgotten + ForwardedBody.objects.filter(pk__in=digests).delete()[0]
