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

from easymo.database import statements

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """One token every `every_s` seconds, and at most `burst` at once."""

    every_s: float
    burst: int


PAIR = Rate(every_s=6.0, burst=10)
NUMBER = Rate(every_s=1 / 60, burst=10)


def _take(bucket: str, condition: str = "") -> str:
    """Return the statement that takes a token of a bucket; its row tells that it did."""
    now = "coalesce(%(now)s, clock_timestamp())"
    every = f"make_interval(secs => %({bucket}_every)s)"
    return f"""
INSERT INTO agents_sendingrate AS rate (key, full_at)
SELECT %({bucket})s, {now} + {every} {condition}
ON CONFLICT (key) DO UPDATE
SET full_at = greatest(rate.full_at, {now}) + {every}
WHERE rate.full_at <= {now} + make_interval(secs => %({bucket}_ahead)s)
RETURNING 1
"""


_TAKE = _take("one")
# The number's bucket comes last: all conversations share its row.
_TAKE_BOTH = f"""
WITH pair AS ({_take("pair")}),
number AS ({_take("number", "WHERE EXISTS (SELECT FROM pair)")})
SELECT EXISTS (SELECT FROM pair), EXISTS (SELECT FROM number)
"""  # noqa: S608 - our own text
_FREE_IN = """
SELECT extract(epoch FROM (
    full_at - coalesce(%(now)s, clock_timestamp())
    - make_interval(secs => %(one_ahead)s)
))
FROM agents_sendingrate WHERE key = %(one)s
"""
_GIVE_BACK = """
UPDATE agents_sendingrate
SET full_at = full_at - make_interval(secs => %(one_every)s)
WHERE key = %(one)s
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
    values = _values("pair", pair, PAIR) | _values("number", number, NUMBER)
    [(has_pair, has_number)] = statements.rows(_TAKE_BOTH, {**values, "now": now})
    if has_number:
        return None
    if not has_pair:
        return _free_in(pair, PAIR, now)
    statements.execute(_GIVE_BACK, _values("one", pair, PAIR))
    return _free_in(number, NUMBER, now)


def take_one(key: str, rate: Rate, *, now: datetime | None = None) -> float | None:
    """Take one token; return None, or the seconds until there is one."""
    values = {**_values("one", key, rate), "now": now}
    return None if statements.rows(_TAKE, values) else _free_in(key, rate, now)


def purge() -> int:
    """Delete the full buckets."""
    return statements.execute(_PURGE)


def _free_in(key: str, rate: Rate, now: datetime | None) -> float:
    found = statements.row(_FREE_IN, {**_values("one", key, rate), "now": now})
    return max(float(found[0]) if found else 0.0, SHORTEST_WAIT_S)


def _values(bucket: str, key: str, rate: Rate) -> dict[str, Any]:
    # One millisecond against rounding to microseconds.
    ahead = rate.every_s * (rate.burst - 1) + 0.001
    return {bucket: key, f"{bucket}_every": rate.every_s, f"{bucket}_ahead": ahead}
