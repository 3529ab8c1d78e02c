"""Periodic work: expire vouchers, delete old counters and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from easymo.observability import correlation
from vouchers import seals
from vouchers.models import GuessCounter, LimitCounter, Refusal

# The counter of a day has no effect after that day; older ones are kept for reports.
LIMITS_KEPT = timedelta(days=60)
GUESSES_KEPT = timedelta(days=30)
# As long as the stored answers of the function API.
REFUSALS_KEPT = timedelta(days=400)
PURGE_LIMIT = 5_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def expire_vouchers(*, limit: int = 500, within: timedelta | None = None) -> int:
    """Expire issued vouchers whose time is over; return how many.

    No index covers the status, so the frequent run looks at the last days only and
    the nightly run at all vouchers. It works while vouchers are switched off.
    """
    since = timezone.now() - within if within else _EARLIEST
    with transaction.atomic(), connection.cursor() as cursor:
        before = seals.last_event_id()
        cursor.execute(
            "SELECT voucher_expire(%s, %s, %s)", [since, limit, correlation.current()]
        )
        ended = int(cursor.fetchone()[0])
        if ended:
            seals.seal_kind(
                "expired", after=before, correlation_id=correlation.current()
            )
        return ended


def purge_counters() -> int:
    """Delete old counters and refusals, a limited number at a time; return how many."""
    now = timezone.now()
    is_unlocked = Q(locked_until=None) | Q(locked_until__lt=now)
    old = (
        LimitCounter.objects.filter(day__lt=(now - LIMITS_KEPT).date()),
        GuessCounter.objects.filter(is_unlocked, last_failed_at__lt=now - GUESSES_KEPT),
        Refusal.objects.filter(created_at__lt=now - REFUSALS_KEPT),
    )
    total = 0
    for rows in old:
        ids: list[Any] = list(rows.values_list("pk", flat=True)[:PURGE_LIMIT])
        total += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return total
