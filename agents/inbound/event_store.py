"""The raw store: bytes in, exactly as they came, and a worker woken for them.

Receipts that arrive at the same moment are written together, in one transaction: a
commit costs more than all else that a receipt does. Each is answered only after it.
They have a connection of their own, beside Django's pool: it is asked nothing before
it is used, and keeps the statement prepared.
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

from agents.models import RealtimeEvent
from easymo.database.group_commit import GroupCommit, WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from agents.core.jobs import EventJob

# One statement is one transaction and one round trip: no event can exist without its
# job, nor a job without its event. Rows get their ids in the order of the places.
RECORD = """
WITH given AS (
    SELECT * FROM unnest(
        %(bodies)b::bytea[], %(sha256s)b::bytea[], %(are_synthetic)s::boolean[],
        %(correlation_ids)s::uuid[], %(queues)s::text[], %(tasks)s::text[],
        %(priorities)s::integer[]
    ) WITH ORDINALITY AS each (
        body, sha256, is_synthetic, correlation_id, queue, task, priority, place
    )
), event AS (
    INSERT INTO agents_webhookevent (
        body, sha256, is_synthetic, correlation_id, state, attempts, received_at
    )
    SELECT body, sha256, is_synthetic, correlation_id,
           'received', 0, statement_timestamp()
    FROM given
    ORDER BY place
    RETURNING id
)
SELECT (SELECT array_agg(id ORDER BY id) FROM event),
       procrastinate_defer_jobs_v1((
           SELECT array_agg(
               ROW(queue, task, priority, NULL, NULL, '{}'::jsonb, NULL)
                   ::procrastinate_job_to_defer_v1 ORDER BY place
           )
           FROM given
       ))
"""


class Receipt(NamedTuple):
    """What is stored of one webhook."""

    body: bytes
    is_synthetic: bool
    correlation_id: UUID
    wake: EventJob


# A group is at most so many receipts and bytes; a receipt waits so long for its turn,
# and so long for its own write. Meta comes again for what was not answered.
MOST_TOGETHER = 64
HEAVIEST_GROUP = 8_000_000
PATIENCE_S = 5.0
STATEMENT_MS = 4_000

_writers: dict[int, _Writer] = {}
_opening = threading.Lock()


def record(
    *, body: bytes, is_synthetic: bool, correlation_id: UUID, wake: EventJob
) -> int:
    """Make the bytes durable and return the event's id."""
    receipt = Receipt(body, is_synthetic, correlation_id, wake)
    if connection.in_atomic_block or not has_own_connection():
        return _record_with_django(receipt)
    with DatabaseErrorWrapper(connection):
        try:
            return _writer().put(receipt)
        except WaitedTooLong as error:
            raise psycopg.OperationalError("the write before takes long") from error


def has_own_connection() -> bool:
    """Tell whether connections are pooled at all; in most tests they are not."""
    return "pool" in connection.settings_dict["OPTIONS"]


class _Writer:
    """This process's one connection for receipts, and those who wait for it."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None
        self.put = GroupCommit(
            self._write,
            weigh=lambda receipt: len(receipt.body),
            most=MOST_TOGETHER,
            heaviest=HEAVIEST_GROUP,
            common=(psycopg.OperationalError, psycopg.InterfaceError),
            patience_s=PATIENCE_S,
        ).put

    def _write(self, receipts: Sequence[Receipt]) -> Sequence[int]:
        """Insert them; a connection that died since it was last used is replaced once.

        Should the first try have been committed after all, the messages in it are taken
        in once: their ids are unique.
        """
        values = _values(receipts)
        if self._connection is not None:
            try:
                return _ids(self._connection.execute(RECORD, values).fetchone())
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if not self._connection.closed:
                    raise
        self._connection = _connect()
        return _ids(self._connection.execute(RECORD, values).fetchone())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _writer() -> _Writer:
    """Return this process's writer; a fork makes one of its own."""
    process_id = os.getpid()
    writer = _writers.get(process_id)
    if writer is None:
        with _opening:
            writer = _writers.setdefault(process_id, _Writer())
    return writer


def _connect() -> psycopg.Connection:
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context"):
        parameters.pop(name, None)
    # Neither a prepared statement nor a setting lasts behind a pooler in transaction mode.
    is_pooled = settings.DATABASE_IS_TRANSACTION_POOLED
    # A network that swallows everything must not hold all receipts for minutes.
    parameters.setdefault("tcp_user_timeout", STATEMENT_MS)
    parameters |= {"autocommit": True, "prepare_threshold": None if is_pooled else 0}
    made = psycopg.connect(**parameters)
    if not is_pooled:
        made.execute(f"SET statement_timeout = {STATEMENT_MS}")
    return made


def _values(receipts: Sequence[Receipt]) -> dict[str, list[Any]]:
    return {
        "bodies": [receipt.body for receipt in receipts],
        "sha256s": [hashlib.sha256(receipt.body).digest() for receipt in receipts],
        "are_synthetic": [receipt.is_synthetic for receipt in receipts],
        "correlation_ids": [receipt.correlation_id for receipt in receipts],
        "queues": [receipt.wake.queue for receipt in receipts],
        "tasks": [receipt.wake.task for receipt in receipts],
        "priorities": [receipt.wake.priority for receipt in receipts],
    }


def _ids(row: Sequence[Any] | None) -> Sequence[int]:
    ids: list[int] = row[0] if row else []
    return ids


def _record_with_django(receipt: Receipt) -> int:
    """Use Django's own connection: inside a transaction, or where nothing is pooled."""
    try:
        return _execute(receipt)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.connection is None:
            raise
        connection.close()
    return _execute(receipt)


def _execute(receipt: Receipt) -> int:
    with connection.cursor() as cursor:
        cursor.execute(RECORD, _values([receipt]))
        return _ids(cursor.fetchone())[0]


def record_realtime_event(
    *, webhook_id: str, body: bytes, correlation_id: UUID
) -> int | None:
    """Store the bytes; return the event's id, or None when they are here already."""
    event, is_new = RealtimeEvent.objects.get_or_create(
        webhook_id=webhook_id,
        defaults={
            "body": body,
            "sha256": hashlib.sha256(body).digest(),
            "correlation_id": correlation_id,
        },
    )
    return event.pk if is_new else None
