"""Ring for the notices' delivery; a sweep finds what a lost ring left behind."""

from __future__ import annotations

from django.db import Error, transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from easymo.observability.logs import get_logger

DELIVER = "rollout.tasks.deliver_notices"
ANNOUNCE = "rollout.tasks.announce"
QUEUE = "notices"
logger = get_logger(__name__)


def enqueue_notices() -> None:
    """See that what waits for the people on call is sent; never fails its caller."""
    _wake(DELIVER)


def enqueue_announcements() -> None:
    """See that what was ordered to be announced goes out."""
    _wake(ANNOUNCE)


def _wake(task: str) -> None:
    job = configure_task(
        name=task,
        job_manager=JobManager(DjangoConnector()),
        queue=QUEUE,
        queueing_lock=task,
    )
    try:
        with transaction.atomic():
            job.defer()
    except AlreadyEnqueued:
        pass
    except (Error, ConnectorException) as error:
        logger.warning("rollout.notice.unqueued", error=type(error).__name__)
