"""In which order webhooks are taken in: a flood of one sender holds up nobody else."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models.functions import Length

from agents.models import WebhookEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

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
