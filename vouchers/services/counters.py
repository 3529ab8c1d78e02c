"""Counters of limits and guesses, which mean nothing once their time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from vouchers.models import GuessCounter, LimitCounter, Refusal

# A day's limit counts on its day; the rest is for whoever looks back.
LIMITS = timedelta(days=60)
GUESSES = timedelta(days=30)
# As long as the answers of the function API.
REFUSALS = timedelta(days=400)
MOST = 5_000


def purge() -> int:
    """Forget a bounded number of counters and refusals that are old enough."""
    now = timezone.now()
    unlocked = Q(locked_until=None) | Q(locked_until__lt=now)
    old = (
        LimitCounter.objects.filter(day__lt=(now - LIMITS).date()),
        GuessCounter.objects.filter(unlocked, last_failed_at__lt=now - GUESSES),
        Refusal.objects.filter(created_at__lt=now - REFUSALS),
    )
    total = 0
    for rows in old:
        ids: list[Any] = list(rows.values_list("pk", flat=True)[:MOST])
        total += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return total
