"""How often a person may make us work: so many calls in any 60 seconds."""

from __future__ import annotations

import math

from django.db import connection

from vouchers.models import Profile

WINDOW_SECONDS = 60
LONGEST_WINDOW_SECONDS = 3600
CALLS = 10
CALLS_OF_STAFF = 60
_STAFF = {Profile.Role.STAFF, Profile.Role.STATION}

# One statement: the row's lock makes callers of one subject queue up, and each sees
# what the one before it took. Whoever is refused takes nothing.
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
_FREE_IN = """
SELECT extract(epoch FROM (
    min(at) + make_interval(secs => %(window)s) - clock_timestamp()
))
FROM agents_toolrate AS rate, unnest(rate.taken_at) AS at
WHERE rate.subject = %(subject)s
    AND at > clock_timestamp() - make_interval(secs => %(window)s)
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
    """Take one call; return None, or in how many seconds the next one is free."""
    values: dict[str, str | int] = {
        "subject": subject,
        "window": window,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        if cursor.fetchone():
            return None
        cursor.execute(_FREE_IN, values)
        seconds = cursor.fetchone()[0]
    return max(1, math.ceil(seconds or 0))


def seconds_until_free(
    subject: str, *, limit: int, window: int = WINDOW_SECONDS
) -> int | None:
    """Return in how many seconds a call is free, or None while one is; takes none."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"subject": subject, "window": window})
        taken, seconds = cursor.fetchone()
    return max(1, math.ceil(seconds)) if taken >= limit else None


def purge() -> int:
    """Forget those who made no call for as long as any rate looks back."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, {"window": LONGEST_WINDOW_SECONDS})
        return int(cursor.rowcount)
