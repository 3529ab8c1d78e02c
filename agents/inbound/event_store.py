"""Store raw webhook events, each together with the job that processes it.

The web process writes events that arrive at the same moment in one transaction, because
a commit costs more than all else that storing an event does. Each is answered after the
commit. These writes use one connection per process besides Django's pool: it needs no
check before use and keeps the statement prepared.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction

from agents.calls import ringing
from agents.core.jobs import INBOX_QUEUE, INGEST, INGEST_PRIORITY
from agents.models import RealtimeEvent
from agents.realtime.incoming import INCOMING, IncomingCall, parse
from easymo.database.answers import BoundedConnection
from easymo.database.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

# One statement is one transaction and one round trip: no event exists without its job,
# and no job without its event. Ids are given in the order of the array.
RECORD = """
WITH given AS (
    SELECT * FROM unnest(
        %(bodies)b::bytea[], %(sha256s)b::bytea[], %(are_synthetic)s::boolean[],
        %(correlation_ids)s::uuid[]
    ) WITH ORDINALITY AS each (body, sha256, is_synthetic, correlation_id, place)
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
               ROW(%(queue)s, %(task)s, %(priority)s, NULL, NULL, '{}'::jsonb, NULL)
                   ::procrastinate_job_to_defer_v1
           )
           FROM given
       ))
"""


class NewEvent(NamedTuple):
    """One webhook as it is stored."""

    body: bytes
    is_synthetic: bool
    correlation_id: UUID


# Limits of one group, of the wait for the write before, and of one write. Meta repeats
# a delivery that was not answered.
MAX_GROUP_EVENTS = 64
MAX_GROUP_BYTES = 8_000_000
MAX_WAIT_S = 5.0
STATEMENT_MS = 4_000


def record(*, body: bytes, is_synthetic: bool, correlation_id: UUID) -> int:
    """Store the bytes durably and return the event's id."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD, _values([NewEvent(body, is_synthetic, correlation_id)]))
        return _ids(cursor.fetchone())[0]


async def record_together(
    *, body: bytes, is_synthetic: bool, correlation_id: UUID
) -> int:
    """Do the same on the event loop, in one commit with others of this moment.

    Raise `psycopg.Error` or `WaitedTooLong` when nothing may be stored.
    """
    if not has_own_connection():
        return await sync_to_async(record)(
            body=body, is_synthetic=is_synthetic, correlation_id=correlation_id
        )
    return await _writer().put(NewEvent(body, is_synthetic, correlation_id))


@cache
def has_own_connection() -> bool:
    """Tell whether connections are pooled; in most tests they are not."""
    return "pool" in connection.settings_dict["OPTIONS"]


class _Writer:
    """This process's own connection for events, and the queue of those to write."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None
        self.put = GroupCommit(
            self._write,
            weigh=lambda event: len(event.body),
            most=MAX_GROUP_EVENTS,
            heaviest=MAX_GROUP_BYTES,
            common=(psycopg.OperationalError, psycopg.InterfaceError),
            patience_s=MAX_WAIT_S,
        ).put

    def _write(self, events: Sequence[NewEvent]) -> Sequence[int]:
        """Insert the events; replace a connection that died since its last use once.

        Should the first attempt have been committed, the events are stored twice and
        their messages deduplicated.
        """
        values = _values(events)
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


@cache
def _writer() -> _Writer:
    """Return this process's writer."""
    return _Writer()


def _connect() -> psycopg.Connection:
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context"):
        parameters.pop(name, None)
    # A pooler in transaction mode keeps neither prepared statements nor settings.
    is_pooled = settings.DATABASE_IS_TRANSACTION_POOLED
    parameters |= {
        # Bounds the wait on a network that drops packets silently.
        "tcp_user_timeout": STATEMENT_MS,
        "autocommit": True,
        "prepare_threshold": None if is_pooled else 0,
    }
    made = BoundedConnection.connect(**parameters)
    made.answer_s = STATEMENT_MS / 1000 + 1
    if not is_pooled:
        made.execute(f"SET statement_timeout = {STATEMENT_MS}")
    return made


def _values(events: Sequence[NewEvent]) -> dict[str, Any]:
    return {
        "bodies": [event.body for event in events],
        "sha256s": [hashlib.sha256(event.body).digest() for event in events],
        "are_synthetic": [event.is_synthetic for event in events],
        "correlation_ids": [event.correlation_id for event in events],
        "queue": INBOX_QUEUE,
        "task": INGEST,
        "priority": INGEST_PRIORITY,
    }


def _ids(row: Sequence[Any] | None) -> Sequence[int]:
    ids: list[int] = row[0] if row else []
    return ids


class StoredRealtimeEvent(NamedTuple):
    """A webhook of OpenAI that was new, and the call that it names first."""

    event_id: int
    kind: str
    call_id: int | None


@transaction.atomic
def record_realtime_event(
    *, webhook_id: str, body: bytes, correlation_id: UUID, is_synthetic: bool
) -> StoredRealtimeEvent | None:
    """Store the bytes, and an incoming call with its job; None when stored already."""
    event, is_new = RealtimeEvent.objects.get_or_create(
        webhook_id=webhook_id,
        defaults={
            "body": body,
            "sha256": hashlib.sha256(body).digest(),
            "correlation_id": correlation_id,
            "is_synthetic": is_synthetic,
        },
    )
    if not is_new:
        return None
    incoming = parse(body)
    if not isinstance(incoming, IncomingCall):
        return StoredRealtimeEvent(event.pk, incoming.kind, None)
    call = ringing.store(event, incoming)
    return StoredRealtimeEvent(event.pk, INCOMING, call.pk if call else None)
