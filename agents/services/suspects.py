"""Webhooks that may have taken their worker along: each alone, its try counted before.

A try that ends with its process leaves nothing that counts it. So when a worker dies at
this work, what it may have held is suspect from then on: it is taken in after all that
is not, the least tried first, and goes to a person before it has cost too many workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F

from agents.models import WebhookEvent
from agents.services.fairness import fair_order

if TYPE_CHECKING:
    from collections.abc import Iterator

# As many as all who were at it may have held.
MOST = 64
# Longer than a try takes: two workers do not count the same one.
HELD_S = 30.0
NOTE = """
UPDATE agents_webhookevent SET attempts = 1
WHERE id IN (
    SELECT id FROM agents_webhookevent
    WHERE state = 'received' AND attempts = 0 AND id = ANY(%s)
    FOR UPDATE SKIP LOCKED
)
"""
CLAIM = """
UPDATE agents_webhookevent
SET attempts = attempts + 1, processed_at = clock_timestamp()
WHERE id = (
    SELECT id FROM agents_webhookevent
    WHERE state = 'received' AND attempts > 0 AND (
        processed_at IS NULL
        OR processed_at < clock_timestamp() - make_interval(secs => %s)
    )
    ORDER BY attempts, id LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING *
"""


def note() -> int:
    """Suspect what a worker that died at it may have held; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [fair_order(most=MOST)])
        return int(cursor.rowcount)


def claimed(*, most: int) -> Iterator[WebhookEvent]:
    """Give one after another, its try counted and committed."""
    for _ in range(most):
        found = list(WebhookEvent.objects.raw(CLAIM, [HELD_S]))
        if not found:
            return
        yield found[0]


def forgive(event_id: int) -> None:
    """Take a try back that failed for another's reason."""
    WebhookEvent.objects.filter(
        pk=event_id, state=WebhookEvent.State.RECEIVED, attempts__gt=1
    ).update(attempts=F("attempts") - 1)
