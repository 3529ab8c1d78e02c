"""Count the rows that statements read, also those inside of functions and triggers.

The tables hold 20,000 rows each. A statement that reads a bounded number of rows stays
below `MOST`; one that reads a table does not.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 5_000
# Rows of tables read one after another, and entries of indexes. These counters of the
# running transaction are what PostgreSQL itself counts.
COUNTED = """
SELECT coalesce(sum(rows), 0)::bigint FROM (
    SELECT pg_stat_get_xact_tuples_returned(oid) AS rows FROM pg_class
     WHERE relkind IN ('r', 'i') AND relnamespace <> 'pg_catalog'::regnamespace
) counted
"""


@dataclass
class Reading:
    """What was read: the rows of each statement, with its text."""

    statements: list[tuple[int, str, Any]] = field(default_factory=list)

    @property
    def most(self) -> int:
        return max((rows for rows, *_ in self.statements), default=0)

    def described(self) -> str:
        """Return the plan of the statement that read the most rows."""
        if not self.statements:
            return "nothing was read"
        rows, text, parameters = max(self.statements, key=lambda each: each[0])
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING off) {text}", parameters)
                plan = "\n".join(line for (line,) in cursor.fetchall())
                transaction.set_rollback(True)
        except Exception as error:  # noqa: BLE001 - the text is worth more than its plan
            plan = str(error)
        return f"{rows} rows: {text}\n{plan}"


@contextmanager
def counted() -> Iterator[Reading]:
    """Count the rows of each statement; within a transaction, which keeps the counters."""
    reading = Reading()
    connection.ensure_connection()
    before = _rows() or 0

    def count(
        execute: Callable[..., Any], text: Any, parameters: Any, *rest: Any
    ) -> Any:
        nonlocal before
        try:
            return execute(text, parameters, *rest)
        finally:
            if (after := _rows()) is not None:
                # A new transaction counts from nothing.
                read = after - before if after >= before else after
                reading.statements.append((read, str(text), parameters))
                before = after

    with connection.execute_wrapper(count):
        yield reading


def _rows() -> int | None:
    try:
        found = connection.connection.execute(COUNTED).fetchone()
    except psycopg.errors.InFailedSqlTransaction:
        return None
    return int(found[0])


def assert_reads_little(run: Callable[[], Any], most: int = MOST) -> Any:
    with counted() as reading:
        result = run()
    assert reading.statements
    assert reading.most < most, reading.described()
    return result
