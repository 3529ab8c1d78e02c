"""What one receipt writes, as one statement, without Django."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

# The bench first sees that agents.services.inbox.RECORD writes the same rows.
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


def values(body: bytes, correlation_id: UUID) -> dict[str, Any]:
    return {
        "body": body,
        "sha256": hashlib.sha256(body).digest(),
        "is_synthetic": False,
        "correlation_id": correlation_id,
        "queue": "inbox",
        "task": "agents.tasks.ingest",
        "priority": 20,
    }
