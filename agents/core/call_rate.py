"""Rate limits: at most so many calls of a subject in any 60 seconds."""

from __future__ import annotations

import math

from django.db import connection

from vouchers.models import Profile

WINDOW_SECONDS = 60
LONGEST_WINDOW_SECONDS = 3600
CALLS = 10
CALLS_OF_STAFF = 60
_STAFF = {Profile.Role.STAFF, Profile.Role.STATION}

# One statement: the row lock serialises the calls of one subject, and each sees what the
# call before it took. A refused call takes nothing.
_TAKE = """
INSERT INTO agents_toolrate AS rate (subject, taken_at)
VALUES (%(subject)s, ARRAY[clock_timestamp()])
ON CONFLICT (subject) DO UPDATE
SET taken_at = ARRAY(
        SELECT at FROM unnest(rate.taken_at) AS at
        WHERE at > clock_timestamp() - make_interval(secs => %(window)s)
        ORDER BY at
    ) || clock_timestamp()
WHERE (
    SELECT count(*) FROM unnest(rate.taken_at) AS at
    WHERE at > clock_timestamp() - make_interval(secs => %(window)s)
) < %(limit)s
RETURNING 1
"""
_USED = """
SELECT count(*), extract(epoch FROM (
    min(at) + make_interval(secs => %(window)s) - clock_timestamp()
))
FROM agents_toolrate AS rate, unnest(rate.taken_at) AS at
WHERE rate.subject = %(subject)s
    AND at > clock_timestamp() - make_interval(secs => %(window)s)
"""
_PURGE = """
DELETE FROM agents_toolrate
WHERE taken_at[cardinality(taken_at)]
    <= clock_timestamp() - make_interval(secs => %(window)s)
"""


def limit_for(profile: Profile) -> int:
    return CALLS_OF_STAFF if profile.role in _STAFF else CALLS


def take(subject: str, *, limit: int, window: int = WINDOW_SECONDS) -> int | None:
    """Take one call; return None, or the seconds until the next call is free."""
    values: dict[str, str | int] = {
        "subject": subject,
        "window": window,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.fetchone():
            return None
    return _used(subject, window)[1]


def seconds_until_free(
    subject: str, *, limit: int, window: int = WINDOW_SECONDS
) -> int | None:
    """Return the seconds until a call is free, or None when one is; take no call."""
    taken, seconds = _used(subject, window)
    return seconds if taken >= limit else None


def _used(subject: str, window: int) -> tuple[int, int]:
    """Return the calls of the window, and in how many seconds the oldest ends."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"subject": subject, "window": window})
        taken, seconds = cursor.fetchone()
    return taken, max(1, math.ceil(seconds or 0))


def purge() -> int:
    """Delete the rows without a call in the longest window."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, {"window": LONGEST_WINDOW_SECONDS})
        return int(cursor.rowcount)
