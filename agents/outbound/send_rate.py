"""Send rates: token buckets in the database, shared by all workers.

A bucket is stored as the time at which it is full again. A token moves that time by
`every_s`; the bucket is empty while the time is `burst` tokens in the future. One
statement checks and takes, under the row's lock, by the database's clock.

The bucket of a number gives tokens of the next seconds, too: the message waits for its
moment and nothing is asked again. Otherwise hundreds of waiting replies would ask again and
again, and need more processor time than the replies themselves.

Meta accepts 1 message in 6 s to one person, with a burst of 45, and 80 messages a
second of one number, both directions together
(developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform).
The rates here are well below. Meta raises the limit of some numbers to 1,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings

from easymo.database import statements

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """One token every `every_s` seconds, and at most `burst` at once."""

    every_s: float
    burst: int


class Delay(NamedTuple):
    """When to send; with the token, or to ask again then."""

    seconds: float
    has_token: bool


PAIR = Rate(every_s=6.0, burst=10)
# Of how many seconds the number's tokens are given away in advance.
ADVANCE_S = 8.0


def _take(bucket: str, condition: str = "") -> str:
    """Return the statement that takes a token of a bucket.

    Its row tells that it did, and after how many seconds the token may be used.
    """
    now = "coalesce(%(now)s, clock_timestamp())"
    every = f"make_interval(secs => %({bucket}_every)s)"
    return f"""
INSERT INTO agents_sendingrate AS rate (key, full_at)
SELECT %({bucket})s, {now} + {every} {condition}
ON CONFLICT (key) DO UPDATE
SET full_at = greatest(rate.full_at, {now}) + {every}
WHERE rate.full_at <= {now}
    + make_interval(secs => %({bucket}_ahead)s + %({bucket}_advance)s)
RETURNING extract(epoch FROM
    rate.full_at - {every} - {now} - make_interval(secs => %({bucket}_ahead)s)
) AS usable_in
"""  # noqa: S608 - our own text


_TAKE = _take("one")
# The number's bucket comes last: all conversations share its row.
_TAKE_BOTH = f"""
WITH pair AS ({_take("pair")}),
number AS ({_take("number", "WHERE EXISTS (SELECT FROM pair)")})
SELECT EXISTS (SELECT FROM pair), (SELECT usable_in FROM number)
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


def number_rate() -> Rate:
    return Rate(every_s=1 / settings.WA_MESSAGES_A_SECOND, burst=10)


def take(
    *, conversation_id: int, phone_number_id: str, now: datetime | None = None
) -> Delay | None:
    """Take a token of the recipient and one of the number, or neither.

    Return None where the message may be sent at once. ``now`` is for tests.
    """
    pair, number = f"pair:{conversation_id}", f"line:{phone_number_id}"
    rate = number_rate()
    values = _values("pair", pair, PAIR) | _values("number", number, rate, ADVANCE_S)
    [(has_pair, usable_in)] = statements.rows(_TAKE_BOTH, {**values, "now": now})
    if usable_in is not None:
        return Delay(float(usable_in), has_token=True) if usable_in > 0 else None
    if not has_pair:
        return Delay(_free_in(pair, PAIR, now), has_token=False)
    statements.execute(_GIVE_BACK, _values("one", pair, PAIR))
    # Until half of the advance is free: those that wait do not all ask at each token.
    return Delay(_free_in(number, rate, now) - ADVANCE_S / 2, has_token=False)


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


def _values(
    bucket: str, key: str, rate: Rate, advance_s: float = 0.0
) -> dict[str, Any]:
    return {
        bucket: key,
        f"{bucket}_every": rate.every_s,
        # One millisecond against rounding to microseconds.
        f"{bucket}_ahead": rate.every_s * (rate.burst - 1) + 0.001,
        f"{bucket}_advance": advance_s,
    }
