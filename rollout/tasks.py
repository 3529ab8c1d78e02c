from __future__ import annotations

import asyncio
from functools import partial

from django.conf import settings
from procrastinate.contrib.django import app

from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.announcements import sending
from rollout.check_runs import preflight, smoke
from rollout.checklists import checklists
from rollout.core.jobs import ANNOUNCE, DELIVER, QUEUE
from rollout.guardrails import evaluate
from rollout.models import CheckRun, Notice
from rollout.notices import notices, transports
from rollout.notices.transports import Email, MailError
from rollout.reports import reports
from rollout.stages import plan_state

logger = get_logger(__name__)


@app.task(name=DELIVER, queue=QUEUE)
async def deliver_notices() -> None:
    """Send what is due; the roads side by side, so that none waits for another."""
    await asyncio.gather(*(_drain(medium) for medium in Notice.Medium.values))


async def _drain(medium: str) -> None:
    """Send over one road until nothing is due, or nothing gets through."""
    while (notice := await units.run(notices.claim, medium=medium)) is not None:
        if notice.medium == Notice.Medium.CHAT and not settings.SLACK_WEBHOOK_URL:
            is_open = await _log(notice)
        else:
            is_open = await _send(notice)
        if not is_open:
            return


async def _log(notice: Notice) -> bool:
    """Without Slack the log has it; an announcement is not for the log."""
    if notice.delivery_id is not None:
        await _failed(notice, code="no Slack", permanent=True)
        return True
    logger.warning(
        "rollout.notice",
        notice_id=notice.pk,
        incident_id=notice.incident_id,
        notice=notice.text,
    )
    await units.run(notices.settle_sent, notice.pk)
    return True


async def _send(notice: Notice) -> bool:
    """Send one notice; False when nothing else would get through now."""
    try:
        if notice.medium == Notice.Medium.EMAIL:
            await transports.send_email(
                Email(
                    to=notice.recipient,
                    subject=notice.subject,
                    text=notice.text,
                    key=f"notice-{notice.pk}",
                )
            )
        else:
            await transports.post_to_slack(
                url=settings.SLACK_WEBHOOK_URL, text=notice.text
            )
    except transports.SlackError as error:
        await _failed(notice, code=error.code, permanent=error.permanent)
        return error.permanent
    except MailError as error:
        await _failed(notice, code=error.code, permanent=error.permanent)
        return not error.is_down
    await units.run(notices.settle_sent, notice.pk)
    return True


async def _failed(notice: Notice, *, code: str, permanent: bool) -> None:
    gave_up = await units.run(
        notices.settle_failed, notice.pk, code=code, permanent=permanent
    )
    logger.error(
        "rollout.notice.failed" if gave_up else "rollout.notice.delayed",
        notice_id=notice.pk,
        medium=notice.medium,
        error=code,
        # Nobody has read it: at least the log has it.
        notice=notice.text,
    )


@app.periodic(cron="* * * * *")
@app.task(name="rollout.tasks.sweep_notices", queue=QUEUE, queueing_lock="notices")
async def sweep_notices(timestamp: int) -> None:
    """Deliver what no ring announced, and what waits for another attempt."""
    await deliver_notices()


@app.periodic(cron="* * * * *")
@app.task(name="rollout.tasks.judge", queue=QUEUE, queueing_lock="judge")
async def judge(timestamp: int) -> None:
    """Look at the evidence, and act on it; whoever else is at it goes first."""
    await units.run(evaluate.run_evaluation)


@app.periodic(cron="* * * * *", periodic_id="plan")
@app.task(name="rollout.tasks.settle_plan", queue=QUEUE, queueing_lock="plan")
async def settle_plan(timestamp: int) -> None:
    """End a recovery that went well, and follow a rollback that went ahead."""
    await units.run(plan_state.settle)


# A queue of its own: whoever probes waits for answers, and holds up nobody.
@app.periodic(cron="* * * * *", periodic_id="probe")
@app.task(name="rollout.tasks.probe", queue="probe", queueing_lock="probe")
async def probe_the_road(timestamp: int) -> None:
    """Speak where nobody does, and write down whether we were answered."""
    if await units.run(smoke.is_due):
        await units.run_in_own_thread(smoke.run_probe)


@app.task(name=ANNOUNCE, queue=QUEUE)
async def announce() -> None:
    """Tell the recipients of what is being sent, batch by batch."""
    for announcement_id in await units.run(sending.being_sent):
        while await units.run(sending.step, announcement_id):
            pass


@app.periodic(cron="* * * * *", periodic_id="announcements")
@app.task(
    name="rollout.tasks.sweep_announcements", queue=QUEUE, queueing_lock="announcements"
)
async def sweep_announcements(timestamp: int) -> None:
    """Go on with what a worker that is gone began, and end what is all told."""
    await announce()


@app.periodic(cron="*/5 * * * *", periodic_id="checklist")
@app.task(name="rollout.tasks.remind", queue=QUEUE, queueing_lock="checklist")
async def remind(timestamp: int) -> None:
    """Tell people which lines of the guide were left undone."""
    await units.run(checklists.remind)


# Each hour, not each morning: a worker that was away then makes up for it.
@app.periodic(cron="1 * * * *", periodic_id="reports")
@app.task(name="rollout.tasks.report", queue=QUEUE, queueing_lock="reports")
async def report(timestamp: int) -> None:
    """Send the morning's reports, once."""
    await units.run(reports.send_due)


@app.task(name="rollout.tasks.run_checks", queue="probe")
async def run_checks(kind: str, actor: str, live: bool) -> None:
    """Go through the pre-flight or the smoke tests, as somebody asked on the page."""
    if kind == CheckRun.Kind.SMOKE:
        url = settings.PROBE_URL or None
        await units.run_in_own_thread(partial(smoke.run_smoke, url=url, actor=actor))
    else:
        await units.run_in_own_thread(
            partial(preflight.run_preflight, live=live, actor=actor)
        )
