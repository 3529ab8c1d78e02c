"""Who judges now. A row with an expiry: no session lock, fit for any pooler.

The claim is one short transaction, the judgement another, which takes the row again and
goes on only when the claim still stands. So whoever dies has done nothing, whoever was
asleep for too long does nothing either, and nobody waits longer than the lease.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models.functions import Now

from rollout import locks
from rollout.core import clock

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.models import EvaluatorLease

LEASE = timedelta(seconds=90)


def claim() -> UUID | None:
    """Return the token of a new claim; None while somebody else's stands."""
    now = clock.now()
    with transaction.atomic():
        row = locks.lock_lease(wait=False)
        if row is None or stands(row, now):
            return None
        row.holder, row.expires_at = uuid4(), now + LEASE
        row.save(update_fields=["holder", "expires_at"])
        return row.holder


def hold(token: UUID) -> EvaluatorLease | None:
    """Take the row for the rest of the transaction; None when the claim is lost."""
    row = locks.lock_lease(wait=True)
    return row if row is not None and row.holder == token else None


def finish(row: EvaluatorLease) -> None:
    """Give the claim back and say that somebody has looked."""
    row.holder, row.expires_at = None, None
    row.ticked_at = Now()
    row.save(update_fields=["holder", "expires_at", "ticked_at"])


def give_back(token: UUID) -> None:
    """Let the next one try at once, after a judgement that failed."""
    with transaction.atomic():
        row = hold(token)
        if row is not None:
            row.holder, row.expires_at = None, None
            row.save(update_fields=["holder", "expires_at"])


def stands(row: EvaluatorLease, now: datetime) -> bool:
    """Tell whether a claim is in force.

    One that ends later than any claim made now would is from before the clock was set
    back: it stands no longer.
    """
    return row.expires_at is not None and now < row.expires_at <= now + LEASE
