"""Lock what the items of a batch may create or change, in one order for all workers.

Two workers may hold batches with the same new people, or the same ids, in different
orders. Each would create what the other waits for, and PostgreSQL would end one of them
as a deadlock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from agents.core.serving import our_number
from agents.whatsapp.payload import Inbound
from agents.whatsapp.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

# PostgreSQL keeps a table of locks for all connections: a batch takes no more of it.
MOST_LOCKS = 500
# The locks end with the transaction. A sender with a conversation needs none: nothing is
# created for them. The inner query sorts before the first lock is taken.
LOCK = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(value, 7) AS key
    FROM unnest(%(ids)s::text[] || ARRAY(
        SELECT name FROM unnest(%(names)s::text[]) AS name
        WHERE NOT EXISTS (
            SELECT FROM profiles AS profile
            JOIN agents_conversation AS chat ON chat.profile_id = profile.id
            WHERE profile.msisdn = name AND chat.phone_number_id = %(number)s
        ) AND NOT EXISTS (
            SELECT FROM agents_identity AS identity
            JOIN agents_conversation AS chat ON chat.profile_id = identity.profile_id
            WHERE identity.kind IN ('bsuid', 'wa_id') AND identity.value = name
              AND identity.superseded_at IS NULL AND chat.phone_number_id = %(number)s
        )
    )) AS value
    ORDER BY key LIMIT %(most)s
) AS ordered
"""


def lock_in_order(items: Iterable[object]) -> None:
    """Take the locks of a batch; a single item needs no order."""
    ids: set[str] = set()
    names: set[str] = set()
    for item in items:
        if isinstance(item, Inbound):
            ids.add(item.provider_id)
            names |= {item.sender.number, item.sender.bsuid}
        elif isinstance(item, Status):
            ids.add(item.provider_id)
    if len(ids) > 1:
        with connection.cursor() as cursor:
            cursor.execute(
                LOCK,
                {
                    "ids": sorted(ids),
                    "names": sorted(names - {""}),
                    "number": our_number(),
                    "most": MOST_LOCKS,
                },
            )
