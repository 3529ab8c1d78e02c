"""The raw store: bytes in, exactly as they came, and a worker woken for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from django.db import InterfaceError, OperationalError, connection

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


def record(*, body: bytes, is_synthetic: bool, correlation_id: UUID, wake: Wake) -> int:
    """Make the bytes durable and return the event's id.

    A pooled connection that died since it was last used is replaced once. Should the
    first try have been committed after all, the messages in it are taken in once:
    their ids are unique.
    """
    values = {
        "body": body,
        "sha256": hashlib.sha256(body).digest(),
        "is_synthetic": is_synthetic,
        "correlation_id": correlation_id,
        **wake._asdict(),
    }
    try:
        return _insert(values)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.connection is None:
            raise
        connection.close()
    return _insert(values)


def _insert(values: dict[str, object]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(RECORD, values)
        row = cursor.fetchone()
    return int(row[0])
