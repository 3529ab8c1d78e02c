"""Wake a job in the transaction of the rows it is about.

The queue only wakes; our rows remember. Within a worker the queue's own connector is
another connection than Django's, and what it writes commits even where our transaction
does not: therefore a manager of our own over Django's connection.
"""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

INGEST = "agents.tasks.ingest"
TURN = "agents.tasks.turn"
DELIVER = "agents.tasks.deliver"
FORWARD = "agents.tasks.forward"
INBOX_QUEUE = "inbox"
CHAT_QUEUE = "chat"
DELIVERY_QUEUE = "delivery"
FORWARD_QUEUE = "forward"


def wake_ingest() -> None:
    """See that a worker looks into the raw store."""
    _defer(INGEST, INBOX_QUEUE, queueing_lock=f"{INGEST}:sweep", priority=20)


def wake_turn(*, conversation_id: int, priority: int = 0) -> None:
    """See that a turn is queued for the conversation; one waiting job is enough."""
    _wake(TURN, CHAT_QUEUE, conversation_id, priority)


def wake_delivery(*, conversation_id: int, priority: int = 0) -> None:
    """See that what waits for this person is sent."""
    _wake(DELIVER, DELIVERY_QUEUE, conversation_id, priority)


def wake_forward() -> None:
    """See that what waits for the previous workflow is sent on."""
    _defer(FORWARD, FORWARD_QUEUE, queueing_lock=FORWARD, priority=0)


def _wake(task: str, queue: str, conversation_id: int, priority: int) -> None:
    _defer(
        task,
        queue,
        queueing_lock=f"{task}:{conversation_id}",
        priority=priority,
        conversation_id=conversation_id,
    )


def _defer(
    task: str, queue: str, *, queueing_lock: str, priority: int, **arguments: int
) -> None:
    job = configure_task(
        name=task,
        job_manager=JobManager(DjangoConnector()),
        queue=queue,
        queueing_lock=queueing_lock,
        priority=priority,
    )
    try:
        # A duplicate poisons the transaction unless it has its own savepoint.
        with transaction.atomic():
            job.defer(**arguments)
    except AlreadyEnqueued:
        pass
