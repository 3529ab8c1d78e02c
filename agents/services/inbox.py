"""The raw store: bytes in, exactly as they came, and a worker woken for them.

Receipts have a few connections of their own, beside Django's pool: theirs are asked
nothing before they are used, and keep the statement prepared. That is half of what a
receipt costs.
"""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.utils import DatabaseErrorWrapper
from psycopg_pool import ConnectionPool

if TYPE_CHECKING:
    from uuid import UUID

# One statement is one transaction and one round trip: the event cannot exist
# without its job, nor the job without its event.
RECORD = """
WITH event AS (
    INSERT INTO agents_webhookevent (
        body, sha256, is_synthetic, correlation_id, state, attempts, received_at
    )
    VALUES (%(body)s, %(sha256)s, %(is_synthetic)s, %(correlation_id)s,
            'received', 0, statement_timestamp())
    RETURNING id
)
SELECT event.id, procrastinate_defer_jobs_v1(ARRAY[
    ROW(%(queue)s, %(task)s, %(priority)s, NULL, NULL, '{}'::jsonb, NULL)
        ::procrastinate_job_to_defer_v1
])
FROM event
"""


class Wake(NamedTuple):
    """The job that the edge wants written with the event."""

    queue: str
    task: str
    priority: int


# How many receipts are written at once, and how long one waits for its turn.
CONNECTIONS = 4
PATIENCE_S = 3.0

_pools: dict[int, ConnectionPool] = {}
_opening = threading.Lock()


def record(*, body: bytes, is_synthetic: bool, correlation_id: UUID, wake: Wake) -> int:
    """Make the bytes durable and return the event's id.

    A connection that died since it was last used is replaced once. Should the first
    try have been committed after all, the messages in it are taken in once: their
    ids are unique.
    """
    values: dict[str, Any] = {
        "body": body,
        "sha256": hashlib.sha256(body).digest(),
        "is_synthetic": is_synthetic,
        "correlation_id": correlation_id,
        **wake._asdict(),
    }
    if connection.in_atomic_block or not has_own_connections():
        return _insert_with_django(values)
    with DatabaseErrorWrapper(connection):
        try:
            return _insert(values)
        except psycopg.OperationalError:
            _pool().check()
            return _insert(values)


def has_own_connections() -> bool:
    """Tell whether connections are pooled at all; in most tests they are not."""
    return "pool" in connection.settings_dict["OPTIONS"]


def _insert(values: dict[str, Any]) -> int:
    with _pool().connection(PATIENCE_S) as own:
        row = own.execute(RECORD, values).fetchone()
    return int(row[0]) if row else 0


def _pool() -> ConnectionPool:
    """Return this process's pool; a fork makes one of its own."""
    process_id = os.getpid()
    pool = _pools.get(process_id)
    if pool is None:
        with _opening:
            pool = _pools.get(process_id) or _pools.setdefault(process_id, _new_pool())
    return pool


def _new_pool() -> ConnectionPool:
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context"):
        parameters.pop(name, None)
    # A statement cannot stay prepared behind a pooler in transaction mode.
    is_pooled = settings.DATABASE_IS_TRANSACTION_POOLED
    parameters |= {"autocommit": True, "prepare_threshold": None if is_pooled else 0}
    return ConnectionPool(
        kwargs=parameters,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=PATIENCE_S,
        reconnect_timeout=1.0,
        open=True,
        name="receipts",
    )


def _insert_with_django(values: dict[str, Any]) -> int:
    """Use Django's own connection: inside a transaction, or where nothing is pooled."""
    try:
        return _execute(values)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.connection is None:
            raise
        connection.close()
    return _execute(values)


def _execute(values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(RECORD, values)
        row = cursor.fetchone()
    return int(row[0])
