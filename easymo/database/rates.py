"""Sliding windows: a limit of the calls of a subject in any span of seconds.

A call is counted in the transaction that it belongs to, so one that is rolled back leaves
nothing behind. The row stays locked until then. Where the calls of one subject must not
wait for each other, the limit is divided among slots, which are rows of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db import connection

# Takes one call, and returns null; or takes nothing, and returns the seconds until the
# next call is free. A slot never has more calls in the window than its share of the
# limit. A call is refused only when each slot was seen full; for a slot that another
# transaction holds it waits. A slot that is full after the wait is released before
# the next one is tried: no call waits while it holds a slot, so there is no deadlock.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_take(
    p_subject text, p_limit integer, p_window integer, p_slots integer
) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    span CONSTANT interval := make_interval(secs => p_window);
    slots CONSTANT integer := least(p_slots, p_limit);
    names CONSTANT text[] := ARRAY(
        SELECT p_subject || CASE n WHEN 0 THEN '' ELSE '#' || n END
          FROM generate_series(0, slots - 1) n);
    chosen text;
    share integer;
BEGIN
    FOR attempt IN 1 .. slots LOOP
        SELECT s.name, s.share INTO chosen, share
          FROM (SELECT name, p_limit / slots + (n <= p_limit % slots)::integer AS share
                  FROM unnest(names) WITH ORDINALITY AS u (name, n)) s
          LEFT JOIN {table} rate ON rate.subject = s.name
         WHERE s.share > (SELECT count(*) FROM unnest(rate.taken_at) AS at
                           WHERE at > clock_timestamp() - span)
         ORDER BY random() LIMIT 1;
        EXIT WHEN NOT FOUND;
        BEGIN
            INSERT INTO {table} AS rate (subject, taken_at)
            VALUES (chosen, ARRAY[clock_timestamp()])
            ON CONFLICT (subject) DO UPDATE
               SET taken_at = ARRAY(
                       SELECT at FROM unnest(rate.taken_at) AS at
                        WHERE at > clock_timestamp() - span ORDER BY at
                   ) || clock_timestamp()
             WHERE (SELECT count(*) FROM unnest(rate.taken_at) AS at
                     WHERE at > clock_timestamp() - span) < share;
            IF FOUND THEN
                RETURN NULL;
            END IF;
            RAISE SQLSTATE 'RT001';
        EXCEPTION WHEN SQLSTATE 'RT001' THEN
            NULL;
        END;
    END LOOP;
    RETURN coalesce(
        (SELECT extract(epoch FROM min(at) + span - clock_timestamp())
           FROM {table} rate, unnest(rate.taken_at) AS at
          WHERE rate.subject = ANY (names) AND at > clock_timestamp() - span), 0);
END $$
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


def function_sql(table: str) -> str:
    """Return the statement that makes the function of a table, for its migration."""
    return _FUNCTION.format(table=table)


@dataclass(frozen=True, slots=True)
class Rates:
    """The windows in one table: columns ``subject`` and ``taken_at``, and a function."""

    table: str
    longest_window_s: int

    def take(
        self, subject: str, *, limit: int, window: int, slots: int = 1
    ) -> int | None:
        """Take one call; return None, or the seconds until the next call is free."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.table}_take(%s, %s, %s, %s)",
                [subject, limit, window, slots],
            )
            (seconds,) = cursor.fetchone()
        return None if seconds is None else max(1, math.ceil(seconds))

    def give_back(self, subject: str) -> None:
        """Free the latest call of a subject without slots."""
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK.format(table=self.table), {"subject": subject})

    def forget(self, subject: str) -> None:
        """Free all calls of a subject without slots."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table} WHERE subject = %s", [subject])  # noqa: S608

    def purge(self) -> int:
        """Delete the rows without a call in the longest window."""
        with connection.cursor() as cursor:
            cursor.execute(
                _PURGE.format(table=self.table), {"window": self.longest_window_s}
            )
            return int(cursor.rowcount)
