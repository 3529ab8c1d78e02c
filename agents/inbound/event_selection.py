"""Choose which stored events are processed next.

Events of a sender who floods us come after all others. Events that may have crashed a
worker (possible poison events) are processed last, each alone, with the attempt counted
before it begins: an attempt that ends with its process leaves no other trace. After too
many attempts such an event is left to a person.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F
from django.db.models.functions import Length

from agents.models import WebhookEvent
from easymo.database import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# At least as many as the workers that were processing events may have held.
MAX_MARKED = 64
# Longer than one attempt takes: two workers do not count the same attempt.
CLAIM_S = 30.0
MARK = """
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


def mark_possible_poison_events() -> int:
    """Mark what a worker that died may have held; return how many events."""
    with connection.cursor() as cursor:
        cursor.execute(MARK, [fair_order(limit=MAX_MARKED)])
        return int(cursor.rowcount)


def claim_possible_poison_events(*, limit: int) -> Iterator[WebhookEvent]:
    """Yield one event after another, with its attempt counted and committed."""
    for _ in range(limit):
        found = list(WebhookEvent.objects.raw(CLAIM, [CLAIM_S]))
        if not found:
            return
        yield found[0]


def uncount_attempt(event_id: int) -> None:
    """Take back an attempt that failed for a transient reason."""
    WebhookEvent.objects.filter(
        pk=event_id, state=WebhookEvent.State.RECEIVED, attempts__gt=1
    ).update(attempts=F("attempts") - 1)


# How many events are read from each end of the backlog.
LOOKAHEAD = 1_000
# A larger body is a batch of many customers.
MAX_SENDER_SIZE = 8_192
# A sender with more waiting events comes after all others.
MAX_FAIR_EVENTS = 5
OLDEST = f"""
SELECT id FROM agents_webhookevent
WHERE state = 'received' AND attempts = 0 AND id <> ALL(%s::bigint[])
ORDER BY id LIMIT {LOOKAHEAD}
"""  # noqa: S608 - our own number
NEWEST = OLDEST.replace("ORDER BY id", "ORDER BY id DESC")
SENDER = re.compile(rb'"from"\s*:\s*"([^"]{1,160})"')


def fair_order(*, limit: int, exclude: Iterable[int] = ()) -> list[int]:
    """Return the events to process next, oldest first, those of a flooder last.

    Events of one sender keep their order. The sender is read from the raw bytes with a
    regular expression: nothing but the order depends on it.
    """
    excluded = list(exclude)
    ids = _received(OLDEST, excluded)
    if len(ids) <= MAX_FAIR_EVENTS:
        return ids[:limit]
    ids = sorted({*ids, *_received(NEWEST, excluded)})
    bodies = WebhookEvent.objects.filter(pk__in=ids).annotate(size=Length("body"))
    senders = {
        pk: _sender(bytes(body or b""))
        for pk, body in bodies.filter(size__lte=MAX_SENDER_SIZE).values_list(
            "pk", "body"
        )
    }
    counts = Counter(sender for sender in senders.values() if sender)
    return sorted(
        ids, key=lambda pk: (counts[senders.get(pk, b"")] > MAX_FAIR_EVENTS, pk)
    )[:limit]


def _received(statement: str, excluded: list[int]) -> list[int]:
    return [pk for (pk,) in statements.rows(statement, [excluded])]


def _sender(body: bytes) -> bytes:
    found = SENDER.search(body)
    return found[1] if found else b""
