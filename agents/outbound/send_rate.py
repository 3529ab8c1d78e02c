"""Send rates: token buckets in the database, shared by all workers.

A bucket is stored as the time at which it is full again. A token moves that time by
`every_s`; the bucket is empty while the time is `burst` tokens in the future. One
statement checks and takes, under the row's lock, by the database's clock.

Meta accepts 1 message in 6 s to one person, with a burst of 45, and 80 messages a
second of one number, both directions together
(developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform).
The rates here are well below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """One token every `every_s` seconds, and at most `burst` at once."""

    every_s: float
    burst: int


PAIR = Rate(every_s=6.0, burst=10)
NUMBER = Rate(every_s=1 / 60, burst=10)

_TAKE = """
INSERT INTO agents_sendingrate AS rate (key, full_at)
VALUES (
    %(key)s,
    coalesce(%(now)s, clock_timestamp()) + make_interval(secs => %(every)s)
)
ON CONFLICT (key) DO UPDATE
SET full_at = greatest(rate.full_at, coalesce(%(now)s, clock_timestamp()))
    + make_interval(secs => %(every)s)
WHERE rate.full_at <= coalesce(%(now)s, clock_timestamp())
    + make_interval(secs => %(ahead)s)
RETURNING 1
"""
_FREE_IN = """
SELECT extract(epoch FROM (
    full_at - coalesce(%(now)s, clock_timestamp())
    - make_interval(secs => %(ahead)s)
))
FROM agents_sendingrate WHERE key = %(key)s
"""
_GIVE_BACK = """
UPDATE agents_sendingrate
SET full_at = full_at - make_interval(secs => %(every)s)
WHERE key = %(key)s
"""
_PURGE = "DELETE FROM agents_sendingrate WHERE full_at <= clock_timestamp()"
# Prevents busy waiting.
SHORTEST_WAIT_S = 0.01


def take(
    *, conversation_id: int, phone_number_id: str, now: datetime | None = None
) -> float | None:
    """Take a token of the recipient and one of the number, or neither.

    Return None, or the seconds until the next attempt. ``now`` is for tests.
    """
    pair, number = f"pair:{conversation_id}", f"line:{phone_number_id}"
    wait = take_one(pair, PAIR, now=now)
    if wait is not None:
        return wait
    # The number's bucket comes last: all conversations share its row.
    wait = take_one(number, NUMBER, now=now)
    if wait is not None:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, _values(pair, PAIR, None))
    return wait


def take_one(key: str, rate: Rate, *, now: datetime | None = None) -> float | None:
    """Take one token; return None, or the seconds until there is one."""
    values = _values(key, rate, now)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.fetchone():
            return None
        cursor.execute(_FREE_IN, values)
        row = cursor.fetchone()
    return max(float(row[0]) if row else 0.0, SHORTEST_WAIT_S)


def purge() -> int:
    """Delete the full buckets."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE)
        return int(cursor.rowcount)


def _values(key: str, rate: Rate, now: datetime | None) -> dict[str, Any]:
    # One millisecond against rounding to microseconds.
    ahead = rate.every_s * (rate.burst - 1) + 0.001
    return {"key": key, "now": now, "every": rate.every_s, "ahead": ahead}
