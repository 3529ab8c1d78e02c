"""The jobs of the queue: each takes an id and calls one service.

The queue only wakes; our rows remember. No job is tried again by the queue, and none
holds a queue lock: a crashed one would block its conversation for ever. `sweep` finds
in our rows whatever a crash left behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from agents import turns
from agents.core.jobs import (
    CHAT_QUEUE,
    DELIVER,
    DELIVERY_QUEUE,
    FETCH_MEDIA,
    FORWARD,
    FORWARD_QUEUE,
    INBOX_QUEUE,
    INGEST,
    MEDIA_QUEUE,
    TURN,
    enqueue_delivery,
)
from agents.forwarding.sending import run_forwarding
from agents.handoff import handoff
from agents.inbound import event_selection, media, process_events
from agents.notifications import undelivered, voucher_events
from agents.operations import backlog, retention, value_checks
from agents.outbound import sending
from agents.outcomes import recording
from easymo.database import units
from easymo.database.units import Shared
from easymo.observability import upkeep
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from procrastinate import JobContext

logger = get_logger(__name__)

UPKEEP_QUEUE = "upkeep"
# A worker tells every 10 seconds that it lives.
SILENT_WORKER_S = 30.0


@app.task(name=INGEST, queue=INBOX_QUEUE)
async def ingest() -> None:
    """Take in what the webhooks stored."""
    await _intake.ask()


@app.task(name=TURN, queue=CHAT_QUEUE)
async def turn(conversation_id: int) -> None:
    """Answer what waits in one conversation, then tell whom its vouchers concern."""
    if await turns.run_turn(conversation_id=conversation_id):
        await _deliver_here(conversation_id)
    await _news.run()


@app.task(name=DELIVER, queue=DELIVERY_QUEUE)
async def deliver(conversation_id: int) -> None:
    """Send what waits for one person."""
    await sending.deliver(conversation_id=conversation_id)


@app.task(name=FORWARD, queue=FORWARD_QUEUE, pass_context=True)
async def forward(context: JobContext) -> None:
    """Send on what is not for the agent."""
    await run_forwarding(should_stop=context.should_abort)


@app.task(name=FETCH_MEDIA, queue=MEDIA_QUEUE)
async def fetch_media(media_id: int) -> None:
    """Fetch what a person sent, and put a voice note into words."""
    await media.fetch(media_id=media_id)


async def _deliver_here(conversation_id: int) -> None:
    """Send the reply without a job of its own; told to stop, leave it to another.

    Where this worker is killed, the sweep finds the reply in its row.
    """
    try:
        await sending.deliver(conversation_id=conversation_id)
    except asyncio.CancelledError:
        await asyncio.shield(
            units.run(enqueue_delivery, conversation_id=conversation_id)
        )
        raise


async def _take_all_in() -> None:
    while await units.run(process_events.drain) == process_events.MOST_EVENTS:
        pass


async def _announce() -> None:
    await units.run(voucher_events.announce)


_intake = Shared(_take_all_in)
_news = Shared(_announce)


# The last field of the cron expression is the seconds.
@app.periodic(cron="* * * * * */10", periodic_id="sweep")
@app.task(
    name="agents.tasks.sweep",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.sweep",
    pass_context=True,
)
async def sweep_up(context: JobContext, timestamp: int) -> None:
    """End the jobs of dead workers, wake what waits in our rows, tell the news."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_WORKER_S):
        # Ended, never tried again: our rows know what is left to do.
        await manager.finish_job(job, Status.FAILED, delete_job=False)
        logger.warning("queue.job.ended", job_id=job.id, task=job.task_name)
        if job.task_name == INGEST:
            await units.run(event_selection.note)
    for step in (
        backlog.enqueue_waiting,
        voucher_events.announce,
        undelivered.tell_of_failures,
        value_checks.watch_guessing,
        handoff.resume_overdue,
    ):
        try:
            await units.run(step)
        except Exception:
            # What is wrong with one of them leaves nobody else asleep.
            logger.exception("queue.sweep.error", step=step.__name__)


@app.periodic(cron="* * * * *", periodic_id="observe")
@app.task(
    name="agents.tasks.observe",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.observe",
)
async def observe(timestamp: int) -> None:
    """Record the conversations that are over, and tell what was left behind."""
    try:
        await units.run(upkeep.run, "evidence.observe", recording.observe)
    finally:
        await units.run(voucher_events.announce_left_behind)


@app.periodic(cron="17 * * * *", periodic_id="purge")
@app.task(
    name="agents.tasks.purge",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.purge",
    pass_context=True,
)
async def purge(context: JobContext, timestamp: int) -> None:
    """Forget what has been kept long enough, and the queue's finished jobs."""
    await units.run(retention.purge)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=48, include_failed=True, include_cancelled=True, include_aborted=True
    )
