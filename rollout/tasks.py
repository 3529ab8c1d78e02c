from __future__ import annotations

import asyncio
import uuid
from functools import partial

from django.conf import settings
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from easymo.backoffice import password_links
from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.announcements import sending
from rollout.check_runs import requests, smoke
from rollout.checklists import checklists
from rollout.core.jobs import ANNOUNCE, DELIVER, QUEUE
from rollout.guardrails import evaluate
from rollout.models import Notice
from rollout.notices import notices, transports
from rollout.notices.transports import TransportError
from rollout.reports import reports
from rollout.restore import actions
from rollout.stages import plan_state

logger = get_logger(__name__)


@app.task(name=DELIVER, queue=QUEUE)
async def deliver_notices() -> None:
    """Send the due notices of every medium; no medium waits for another."""
    await asyncio.gather(*(_deliver(medium) for medium in Notice.Medium.values))


async def _deliver(medium: str) -> None:
    """Send the notices of one medium until none is due or the medium is down."""
    while (notice := await units.run(notices.claim, medium=medium)) is not None:
        try:
            await _send(notice)
        except TransportError as error:
            await _record_failure(notice, error)
            if error.is_down:
                return
        else:
            await units.run(notices.settle_sent, notice.pk)


async def _send(notice: Notice) -> None:
    if notice.medium == Notice.Medium.EMAIL:
        await transports.send_email(
            to=notice.recipient,
            subject=notice.subject,
            text=notice.text,
            key=f"notice-{notice.pk}",
        )
    elif settings.SLACK_WEBHOOK_URL:
        await transports.post_to_slack(url=settings.SLACK_WEBHOOK_URL, text=notice.text)
    elif notice.delivery_id is not None:
        raise TransportError("no Slack", permanent=True)
    else:
        # Without Slack notices go to the log, announcements do not.
        logger.warning(
            "rollout.notice",
            notice_id=notice.pk,
            incident_id=notice.incident_id,
            notice=notice.text,
        )


async def _record_failure(notice: Notice, error: TransportError) -> None:
    gave_up = await units.run(
        notices.settle_failed, notice.pk, code=error.code, permanent=error.permanent
    )
    logger.error(
        "rollout.notice.failed" if gave_up else "rollout.notice.delayed",
        notice_id=notice.pk,
        medium=notice.medium,
        error=error.code,
        # No recipient has read it: the log keeps the text.
        notice=notice.text,
    )


@app.periodic(cron="* * * * *")
@app.task(name="rollout.tasks.sweep_notices", queue=QUEUE, queueing_lock="notices")
async def sweep_notices(timestamp: int) -> None:
    """Deliver notices whose job was lost, and those that wait for another attempt."""
    await deliver_notices()


@app.periodic(cron="* * * * *")
@app.task(name="rollout.tasks.judge", queue=QUEUE, queueing_lock="judge")
async def evaluate_guardrails(timestamp: int) -> None:
    """Evaluate the guardrails and act; a second evaluator at the same time does nothing."""
    await units.run(evaluate.run_evaluation)


@app.periodic(cron="* * * * *", periodic_id="plan")
@app.task(name="rollout.tasks.settle_plan", queue=QUEUE, queueing_lock="plan")
async def settle_plan(timestamp: int) -> None:
    """End a finished recovery, and bring the plan in line with a rollback."""
    await units.run(plan_state.settle)


# A queue of its own: a probe waits for answers and must not delay other jobs.
@app.periodic(cron="* * * * *", periodic_id="probe")
@app.task(name="rollout.tasks.probe", queue="probe", queueing_lock="probe")
async def probe(timestamp: int) -> None:
    """Run the probe where traffic is thin."""
    if await units.run(smoke.is_due):
        await units.run_in_own_thread(smoke.run_probe)


@app.task(
    name=password_links.TASK,
    queue=password_links.QUEUE,
    retry=RetryStrategy(max_attempts=3, wait=20, retry_exceptions=[TransportError]),
)
async def send_password_links(users: list[int]) -> None:
    """Send each account its link for a new password. The link is made here."""
    for user in users:
        message = await units.run(password_links.message_to, user)
        if message is not None:
            await transports.send_email(
                to=message.to,
                subject=message.subject,
                text=message.text,
                key=f"password-{uuid.uuid4()}",
            )


@app.task(name=ANNOUNCE, queue=QUEUE)
async def announce() -> None:
    """Send the announcements that are being sent, batch by batch."""
    for announcement_id in await units.run(sending.being_sent):
        while await units.run(sending.step, announcement_id):
            pass


@app.periodic(cron="* * * * *", periodic_id="announcements")
@app.task(
    name="rollout.tasks.sweep_announcements", queue=QUEUE, queueing_lock="announcements"
)
async def sweep_announcements(timestamp: int) -> None:
    """Continue the announcements of a dead worker, and finish complete ones."""
    await announce()


@app.periodic(cron="*/5 * * * *", periodic_id="checklist")
@app.task(name="rollout.tasks.remind", queue=QUEUE, queueing_lock="checklist")
async def remind(timestamp: int) -> None:
    """Send notices about overdue checklist lines."""
    await units.run(checklists.remind)


# Every hour, so that reports missed while no worker ran are sent later.
@app.periodic(cron="1 * * * *", periodic_id="reports")
@app.task(name="rollout.tasks.report", queue=QUEUE, queueing_lock="reports")
async def report(timestamp: int) -> None:
    """Send the due reports, each once."""
    await units.run(reports.send_due)


@app.task(name=requests.TASK, queue=requests.QUEUE)
async def run_checks(request_id: int) -> None:
    """Run the pre-flight or the smoke tests that a user started in the back office."""
    await units.run_in_own_thread(partial(_run_checks, request_id))


def _run_checks(request_id: int) -> None:
    if (done := requests.run_request(request_id)) is not None:
        actions.continue_restore(done)
