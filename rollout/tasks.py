from __future__ import annotations

from django.conf import settings
from procrastinate.contrib.django import app

from easymo.database import units
from easymo.observability.logs import get_logger
from rollout import slack
from rollout.services import notify
from rollout.wakes import DELIVER, QUEUE

logger = get_logger(__name__)


@app.task(name=DELIVER, queue=QUEUE)
async def deliver_notices() -> None:
    """Send what is due, one after the other, to Slack or else to the log."""
    while (notice := await units.run(notify.claim)) is not None:
        if not settings.SLACK_WEBHOOK_URL:
            logger.warning(
                "rollout.notice",
                notice_id=notice.pk,
                incident_id=notice.incident_id,
                notice=notice.text,
            )
            await units.run(notify.settle_sent, notice.pk)
            continue
        await _post(notice.pk, notice.text)


async def _post(notice_id: int, text: str) -> None:
    try:
        await slack.post(url=settings.SLACK_WEBHOOK_URL, text=text)
    except slack.SlackError as error:
        gave_up = await units.run(
            notify.settle_failed,
            notice_id,
            code=error.code,
            permanent=error.permanent,
        )
        logger.error(  # noqa: TRY400 - the error's own story holds the secret URL
            "rollout.notice.failed" if gave_up else "rollout.notice.delayed",
            notice_id=notice_id,
            error=error.code,
            # Nobody has read it: at least the log has it.
            notice=text,
        )
    else:
        await units.run(notify.settle_sent, notice_id)


@app.periodic(cron="* * * * *")
@app.task(name="rollout.tasks.sweep_notices", queue=QUEUE, queueing_lock="notices")
async def sweep_notices(timestamp: int) -> None:
    """Deliver what no ring announced, and what waits for another attempt."""
    await deliver_notices()
