"""Notices wait in our rows, so that a dead Slack can hold up nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from easymo.observability.privacy import scrub
from rollout import clock
from rollout.models import Notice

if TYPE_CHECKING:
    from rollout.models import Incident

# A claimed notice is nobody else's for so long; then its worker is taken for dead.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 12
LONGEST_PAUSE_S = 600


def queue(*, text: str, incident: Incident | None = None) -> Notice:
    """Put a notice on its way, in the transaction of what it tells."""
    return Notice.objects.create(incident=incident, text=scrub(text)[:2000])


def claim() -> Notice | None:
    """Take the next due notice for LEASE; count the attempt before it is made."""
    now = clock.now()
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True)
            .filter(status=Notice.Status.PENDING, next_attempt_at__lte=now)
            .order_by("id")
            .first()
        )
        if notice is None:
            return None
        notice.attempts += 1
        notice.next_attempt_at = now + LEASE
        notice.save(update_fields=["attempts", "next_attempt_at"])
    return notice


def settle_sent(notice_id: int) -> None:
    Notice.objects.filter(pk=notice_id, status=Notice.Status.PENDING).update(
        status=Notice.Status.SENT, sent_at=clock.now(), last_error=""
    )


def settle_failed(notice_id: int, *, code: str, permanent: bool) -> bool:
    """Plan the next attempt, or give up; True when given up."""
    pending = Notice.objects.filter(pk=notice_id, status=Notice.Status.PENDING)
    notice = pending.first()
    if notice is None:
        return False
    if permanent or notice.attempts >= MOST_ATTEMPTS:
        pending.update(status=Notice.Status.FAILED, last_error=code[:200])
        return True
    pause = min(2**notice.attempts, LONGEST_PAUSE_S)
    pending.update(
        next_attempt_at=clock.now() + timedelta(seconds=pause), last_error=code[:200]
    )
    return False
