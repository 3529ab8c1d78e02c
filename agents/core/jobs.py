"""Enqueue the jobs of this app in the transaction of the rows that they are about.

A job only says that there is work; the rows say what. One waiting job is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.database import jobs
from easymo.database.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Replies come before the jobs of incoming webhooks: one of those processes all stored
# events, and many of them would delay every reply.
# A caller hears it ring: calls come before everything else.
CALL_PRIORITY = 60
DELIVERY_PRIORITY = 40
TURN_PRIORITY = 30
INGEST_PRIORITY = 20
INGEST = "agents.tasks.ingest"
TURN = "agents.tasks.turn"
DELIVER = "agents.tasks.deliver"
FORWARD = "agents.tasks.forward"
FETCH_MEDIA = "agents.tasks.fetch_media"
CALL = "agents.tasks.call"
INBOX_QUEUE = "inbox"
CHAT_QUEUE = "chat"
DELIVERY_QUEUE = "delivery"
FORWARD_QUEUE = "forward"
MEDIA_QUEUE = "media"
VOICE_QUEUE = "voice"


def enqueue_event_processing() -> None:
    job = Job(f"{INGEST}:sweep", {}, INGEST_PRIORITY)
    jobs.enqueue(task=INGEST, queue=INBOX_QUEUE, jobs=[job])


def discard_event_jobs() -> None:
    """Delete the waiting jobs of webhook events, because the caller does their work.

    Each job was stored with its event, so the caller finds that event. Thousands of
    waiting jobs would delay the jobs that answer customers.
    """
    jobs.discard_waiting(INGEST)


def enqueue_turn(*, conversation_id: int, priority: int = TURN_PRIORITY) -> None:
    enqueue_turns({conversation_id: priority})


def enqueue_turns(priorities: Mapping[int, int]) -> None:
    """Enqueue a turn for each conversation, given with its priority."""
    _enqueue_by_conversation(TURN, CHAT_QUEUE, priorities)


def enqueue_delivery(
    *, conversation_id: int, priority: int = DELIVERY_PRIORITY
) -> None:
    _enqueue_by_conversation(DELIVER, DELIVERY_QUEUE, {conversation_id: priority})


def enqueue_deliveries(conversation_ids: Iterable[int]) -> None:
    priorities = dict.fromkeys(conversation_ids, DELIVERY_PRIORITY)
    _enqueue_by_conversation(DELIVER, DELIVERY_QUEUE, priorities)


def enqueue_forwarding() -> None:
    jobs.enqueue(task=FORWARD, queue=FORWARD_QUEUE, jobs=[Job(FORWARD, {})])


def enqueue_media_download(*, media_id: int) -> None:
    job = Job(f"{FETCH_MEDIA}:{media_id}", {"media_id": media_id})
    jobs.enqueue(task=FETCH_MEDIA, queue=MEDIA_QUEUE, jobs=[job])


def enqueue_call(*, call_id: int, is_handed_over: bool = False) -> None:
    """Enqueue a call that rings, or that waits for another worker."""
    arguments = {"call_id": call_id, "is_handed_over": is_handed_over}
    job = Job(f"{CALL}:{call_id}", arguments, CALL_PRIORITY)
    jobs.enqueue(task=CALL, queue=VOICE_QUEUE, jobs=[job])


def _enqueue_by_conversation(
    task: str, queue: str, priorities: Mapping[int, int]
) -> None:
    # Always in the same order: two workers then wait for each other without deadlock.
    found = [
        Job(f"{task}:{pk}", {"conversation_id": pk}, priority)
        for pk, priority in sorted(priorities.items())
    ]
    jobs.enqueue(task=task, queue=queue, jobs=found)
