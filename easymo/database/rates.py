"""Sliding windows: at most so many calls of a subject in any span of seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db import connection

# One statement: the row lock serialises the calls of one subject, and each sees what the
# call before it took. A refused call takes nothing.
_TAKE = """
INSERT INTO {table} AS rate (subject, taken_at)
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
_WAIT = """
SELECT extract(epoch FROM (
    min(at) + make_interval(secs => %(window)s) - clock_timestamp()
))
FROM {table} AS rate, unnest(rate.taken_at) AS at
WHERE rate.subject = %(subject)s
    AND at > clock_timestamp() - make_interval(secs => %(window)s)
"""
_PURGE = """
DELETE FROM {table}
WHERE coalesce(taken_at[cardinality(taken_at)], '-infinity')
    <= clock_timestamp() - make_interval(secs => %(window)s)
"""
# The latest call did not count after all.
_GIVE_BACK = """
UPDATE {table} SET taken_at = taken_at[:cardinality(taken_at) - 1]
WHERE subject = %(subject)s AND cardinality(taken_at) > 0
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """The windows in one table, which has the columns ``subject`` and ``taken_at``."""

    table: str
    longest_window_s: int

    def take(self, subject: str, *, limit: int, window: int) -> int | None:
        """Take one call; return None, or the seconds until the next call is free."""
        values: dict[str, str | int] = {
            "subject": subject,
            "window": window,
            "limit": limit,
        }
        with connection.cursor() as cursor:
            cursor.execute(_TAKE.format(table=self.table), values)
            if cursor.fetchone():
                return None
            cursor.execute(_WAIT.format(table=self.table), values)
            (seconds,) = cursor.fetchone()
        return max(1, math.ceil(seconds or 0))

    def give_back(self, subject: str) -> None:
        """Free the latest call."""
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK.format(table=self.table), {"subject": subject})

    def forget(self, subject: str) -> None:
        """Free all calls of the subject."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE subject = %s", [subject])  # noqa: S608

    def purge(self) -> int:
        """Delete the rows without a call in the longest window."""
        with connection.cursor() as cursor:
            cursor.execute(
                _PURGE.format(table=self.table), {"window": self.longest_window_s}
            )
            return int(cursor.rowcount)
