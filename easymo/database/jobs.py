"""Enqueue jobs on Django's connection, in the transaction of their rows.

The queue's own connector inside a worker uses another connection: what it writes
commits even when our transaction does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from easymo.database import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

# The statement of procrastinate_defer_jobs_v1, except that a job whose queueing lock
# is waiting already is skipped without an error.
ENQUEUE = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT %s, %s, job.priority, job.queueing_lock, job.args
FROM unnest(%s::int[], %s::text[], %s::jsonb[]) AS job (priority, queueing_lock, args)
ON CONFLICT DO NOTHING
"""
DISCARD = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM procrastinate_jobs
    WHERE task_name = %s AND status = 'todo' AND queueing_lock IS NULL
    FOR UPDATE SKIP LOCKED
)
"""


class Job(NamedTuple):
    """One job of a task; only one with the same queueing lock waits at a time."""

    queueing_lock: str
    arguments: dict[str, Any]
    priority: int = 0


def enqueue(*, task: str, queue: str, jobs: Sequence[Job]) -> None:
    """Enqueue the jobs of one task in one statement; skip those that wait already."""
    if not jobs:
        return
    values: list[list[Any]] = [
        [job.priority for job in jobs],
        [job.queueing_lock for job in jobs],
        [Jsonb(job.arguments) for job in jobs],
    ]
    statements.execute(ENQUEUE, [queue, task, *values])


def discard_waiting(task: str) -> None:
    """Delete the waiting jobs of a task that have no queueing lock."""
    statements.execute(DISCARD, [task])
