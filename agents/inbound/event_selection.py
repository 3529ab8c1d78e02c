"""Webhooks that may have taken their worker along: each alone, its try counted before.

A try that ends with its process leaves nothing that counts it. So when a worker dies at
this work, what it may have held is suspect from then on: it is taken in after all that
is not, the least tried first, and goes to a person before it has cost too many workers.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F
from django.db.models.functions import Length

from agents.models import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


# Looked at from both ends: who writes now stands at the newer one.
LOOKED_AT = 1_000
# Larger ones are batches of many people.
SMALL = 8_192
# From here on a sender's webhooks give way to everybody else's.
BUSY = 5
OLDEST = """
SELECT id FROM agents_webhookevent
WHERE state = 'received' AND attempts = 0 AND id <> ALL(%s::bigint[])
ORDER BY id LIMIT %s
"""
NEWEST = OLDEST.replace("ORDER BY id", "ORDER BY id DESC")
SENDER = re.compile(rb'"from"\s*:\s*"([^"]{1,160})"')


def fair_order(*, most: int, but: Iterable[int] = ()) -> list[int]:
    """Return the next webhooks to take in, oldest first, a flooder's after the rest.

    Those of one sender stay in their order. It is a glance at raw bytes that nothing
    but the order hangs on.
    """
    others = list(but)
    ids = _received(OLDEST, others)
    if len(ids) <= BUSY:
        return ids[:most]
    ids = sorted({*ids, *_received(NEWEST, others)})
    bodies = WebhookEvent.objects.filter(pk__in=ids).annotate(size=Length("body"))
    senders = {
        pk: _sender(bytes(body or b""))
        for pk, body in bodies.filter(size__lte=SMALL).values_list("pk", "body")
    }
    counts = Counter(sender for sender in senders.values() if sender)
    return sorted(ids, key=lambda pk: (counts[senders.get(pk, b"")] > BUSY, pk))[:most]


def _received(statement: str, but: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [but, LOOKED_AT])
        return [pk for (pk,) in cursor.fetchall()]


def _sender(body: bytes) -> bytes:
    found = SENDER.search(body)
    return found[1] if found else b""
