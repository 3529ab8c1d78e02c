"""Enqueue the delivery of notices and announcements.

A failure is logged and never stops the caller: a periodic sweep finds what waits.
"""

from __future__ import annotations

from django.db import Error, transaction

from easymo.database import jobs
from easymo.observability.logs import get_logger

DELIVER = "rollout.tasks.deliver_notices"
ANNOUNCE = "rollout.tasks.announce"
QUEUE = "notices"
logger = get_logger(__name__)


def enqueue_notices() -> None:
    _enqueue(DELIVER)


def enqueue_announcements() -> None:
    _enqueue(ANNOUNCE)


def _enqueue(task: str) -> None:
    try:
        with transaction.atomic():
            jobs.enqueue(task=task, queue=QUEUE, jobs=[jobs.Job(task, {})])
    except Error as error:
        logger.warning("rollout.notice.unqueued", error=type(error).__name__)
