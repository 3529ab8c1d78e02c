"""Run the statements of every message: the server parses and plans each of them once.

A statement is prepared on the connection when it runs for the second time, and its values
are sent beside it. Behind a pooler in transaction mode it is not prepared, because there
the next transaction may have another connection.

A value that decides which index can be used, such as the state of a partial index, is
written into the text: a plan for all values could not use that index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    type Values = Sequence[Any] | Mapping[str, Any]

# Where a connection keeps its cursor: it costs as much to make as to use.
_KEPT = "cursor_of_statements"


class _Cursor(psycopg.Cursor[Any]):
    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> _Cursor:
        """Execute; unprepared where a migration has changed the type of a column.

        Within a transaction it fails: the rollback discards what is prepared.
        """
        try:
            super().execute(query, params, prepare=prepare, binary=binary)
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            super().execute(query, params, prepare=False, binary=binary)
        return self


def rows(sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
    """Return all rows of a statement."""
    return _execute(sql, values).fetchall()


def row(sql: str, values: Values = ()) -> tuple[Any, ...] | None:
    """Return the first row of a statement, or None."""
    return _execute(sql, values).fetchone()


def execute(sql: str, values: Values = ()) -> int:
    """Execute a statement; return how many rows it changed."""
    return _execute(sql, values).rowcount


def _execute(sql: str, values: Values) -> _Cursor:
    # The proxy of the module `django.db` finds it again for each attribute.
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    cursor = _cursor_of(connection.connection)
    # Django's wrapper translates errors, and counts statements for tests.
    connection._prepare_cursor(cursor).execute(sql, values)  # type: ignore[attr-defined]
    return cursor


def _cursor_of(connection: psycopg.Connection[Any]) -> _Cursor:
    cursor: _Cursor | None = connection.__dict__.get(_KEPT)
    if cursor is None:
        cursor = connection.__dict__[_KEPT] = _Cursor(connection)
    return cursor
