"""Wake jobs in the transaction of the rows they are about.

The queue only wakes; our rows remember. One statement for however many: a job that is
waiting already is passed over by its queueing lock, without an error to recover from.
Within a worker the queue's own connector is another connection than Django's, and what
it writes commits even where our transaction does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


# Answers go before the jobs that each webhook brings: one of those at work finds all
# that is stored, and a flood of them would hold up everybody.
DELIVERY_PRIORITY = 40
TURN_PRIORITY = 30
INGEST_PRIORITY = 20
INGEST = "agents.tasks.ingest"
TURN = "agents.tasks.turn"
DELIVER = "agents.tasks.deliver"
FORWARD = "agents.tasks.forward"
FETCH_MEDIA = "agents.tasks.fetch_media"
INBOX_QUEUE = "inbox"
CHAT_QUEUE = "chat"
DELIVERY_QUEUE = "delivery"
FORWARD_QUEUE = "forward"
MEDIA_QUEUE = "media"


# What the library's procrastinate_defer_jobs_v1 does, less the error; its triggers
# tell the workers.
DEFER = """
INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
SELECT %s, %s, job.priority, job.queueing_lock, job.args
FROM unnest(%s::int[], %s::text[], %s::jsonb[]) AS job (priority, queueing_lock, args)
ON CONFLICT DO NOTHING
"""
FORGET = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM procrastinate_jobs
    WHERE task_name = %s AND status = 'todo' AND queueing_lock IS NULL
    FOR UPDATE SKIP LOCKED
)
"""


class _Job(NamedTuple):
    priority: int
    queueing_lock: str
    arguments: dict[str, Any]


def enqueue_event_processing() -> None:
    """See that a worker looks into the raw store."""
    _defer(INGEST, INBOX_QUEUE, [_Job(INGEST_PRIORITY, f"{INGEST}:sweep", {})])


def discard_event_jobs() -> None:
    """Take the waiting ingest jobs away: whoever calls does their work now.

    A job is written with its webhook, so what it would find is there to be found.
    Thousands of them would hold up the jobs that answer people.
    """
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [INGEST])


def enqueue_turn(*, conversation_id: int, priority: int = TURN_PRIORITY) -> None:
    """See that a turn is queued for the conversation; one waiting job is enough."""
    enqueue_turns({conversation_id: priority})


def enqueue_turns(priorities: Mapping[int, int]) -> None:
    """See that a turn is queued for each conversation, given with its priority."""
    _wake(TURN, CHAT_QUEUE, priorities)


def enqueue_delivery(
    *, conversation_id: int, priority: int = DELIVERY_PRIORITY
) -> None:
    """See that what waits for this person is sent."""
    _wake(DELIVER, DELIVERY_QUEUE, {conversation_id: priority})


def enqueue_deliveries(conversation_ids: Iterable[int]) -> None:
    """See that what waits for these people is sent."""
    _wake(DELIVER, DELIVERY_QUEUE, dict.fromkeys(conversation_ids, DELIVERY_PRIORITY))


def enqueue_forwarding() -> None:
    """See that what waits for the previous workflow is sent on."""
    _defer(FORWARD, FORWARD_QUEUE, [_Job(0, FORWARD, {})])


def enqueue_media_download(*, media_id: int) -> None:
    """See that what a person sent is fetched."""
    job = _Job(0, f"{FETCH_MEDIA}:{media_id}", {"media_id": media_id})
    _defer(FETCH_MEDIA, MEDIA_QUEUE, [job])


def _wake(task: str, queue: str, priorities: Mapping[int, int]) -> None:
    # In one order everywhere: two workers that wake the same people then wait for
    # each other, and never in a circle.
    jobs = [
        _Job(priority, f"{task}:{pk}", {"conversation_id": pk})
        for pk, priority in sorted(priorities.items())
    ]
    if jobs:
        _defer(task, queue, jobs)


def _defer(task: str, queue: str, jobs: Sequence[_Job]) -> None:
    priorities, locks, arguments = zip(*jobs, strict=True)
    values = [list(priorities), list(locks), [Jsonb(each) for each in arguments]]
    with connection.cursor() as cursor:
        cursor.execute(DEFER, [queue, task, *values])


class EventJob(NamedTuple):
    """The job that the edge wants written with the event."""

    queue: str
    task: str
    priority: int


# Before everything else: what came in must be known first.
PROCESS_EVENTS = EventJob(queue=INBOX_QUEUE, task=INGEST, priority=INGEST_PRIORITY)
