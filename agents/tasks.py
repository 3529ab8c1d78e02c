"""The jobs of the queue: each takes an id and calls one service.

The rows, not the jobs, say what is left to do. The queue retries no job, and no running
job holds a queue lock: a crashed one would block its conversation for ever. `sweep`
finds in the rows what a crash left behind.

Task names are stored in queued jobs: they do not change.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from agents import turns
from agents.calls import job as calls
from agents.calls import observing
from agents.core.jobs import (
    CALL,
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
    VOICE_QUEUE,
    enqueue_delivery,
)
from agents.forwarding.sending import run_forwarding
from agents.handoff import handoff
from agents.inbound import event_selection, media, process_events
from agents.notifications import expiry_reminders, voucher_events
from agents.operations import (
    audit_runs,
    backlog,
    mention_search,
    retention,
    settlement_report,
    value_checks,
    waiting_decisions,
)
from agents.outbound import sending
from agents.outcomes import recording
from easymo.database import units
from easymo.database.units import Shared
from easymo.observability import tallies, upkeep
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from procrastinate import JobContext

logger = get_logger(__name__)

UPKEEP_QUEUE = "upkeep"
# A worker sends a heartbeat every 10 seconds.
SILENT_WORKER_S = 30.0


@app.task(name=INGEST, queue=INBOX_QUEUE)
async def ingest() -> None:
    """Process the stored webhook events."""
    await _event_processing.ask()


@app.task(name=TURN, queue=CHAT_QUEUE)
async def turn(conversation_id: int) -> None:
    """Answer what waits in one conversation, then send its voucher notifications.

    The sweep sends those of all other changes.
    """
    ended = await turns.run_turn(conversation_id=conversation_id)
    if ended.outbound_ids:
        await _deliver_here(conversation_id)
    if ended.may_have_changed:
        await _announcements.run()


@app.task(name=DELIVER, queue=DELIVERY_QUEUE)
async def deliver(conversation_id: int) -> None:
    """Send what waits in one conversation."""
    await sending.deliver(conversation_id=conversation_id)


@app.task(name=FORWARD, queue=FORWARD_QUEUE, pass_context=True)
async def forward(context: JobContext) -> None:
    """Forward what is not for the agent."""
    await run_forwarding(should_stop=context.should_abort)


@app.task(name=FETCH_MEDIA, queue=MEDIA_QUEUE)
async def fetch_media(media_id: int) -> None:
    """Fetch one medium; transcribe a voice note."""
    await media.fetch(media_id=media_id)


@app.task(name=CALL, queue=VOICE_QUEUE)
async def call(call_id: int, is_handed_over: bool = False) -> None:
    """Answer one phone call, or take over one without a worker."""
    await calls.run(call_id, is_handed_over=is_handed_over)


async def _deliver_here(conversation_id: int) -> None:
    """Send the reply without a job of its own.

    A worker that stops enqueues a job for it; where it is killed, the sweep does.
    """
    try:
        await sending.deliver(conversation_id=conversation_id)
    except asyncio.CancelledError:
        await asyncio.shield(
            units.run(enqueue_delivery, conversation_id=conversation_id)
        )
        raise


def _record_evidence() -> int:
    """Record finished conversations and ended calls."""
    return recording.record_finished() + observing.record_ended()


async def _process_all_events() -> None:
    while (
        await units.run(process_events.process_stored_events)
        == process_events.MAX_EVENTS
    ):
        pass


async def _announce() -> None:
    await units.run(voucher_events.announce)


_event_processing = Shared(_process_all_events)
_announcements = Shared(_announce)


# The last field of the cron expression is the seconds.
@app.periodic(cron="* * * * * */10", periodic_id="sweep")
@app.task(
    name="agents.tasks.sweep",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.sweep",
    pass_context=True,
)
async def sweep_up(context: JobContext, timestamp: int) -> None:
    """End the jobs of dead workers, and enqueue what waits in the rows."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_WORKER_S):
        # Not retried: the rows say what is left to do.
        await manager.finish_job(job, Status.FAILED, delete_job=False)
        logger.warning("queue.job.ended", job_id=job.id, task=job.task_name)
        if job.task_name == INGEST:
            await units.run(event_selection.mark_possible_poison_events)
    for step in (
        backlog.enqueue_waiting,
        voucher_events.announce,
        voucher_events.notify_issuers_of_failures,
        value_checks.watch_guessing,
        handoff.resume_overdue,
    ):
        try:
            await units.run(step)
        except Exception:
            # The other steps still run.
            logger.exception("queue.sweep.error", step=step.__name__)


@app.periodic(cron="* * * * *", periodic_id="observe")
@app.task(
    name="agents.tasks.observe",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.observe",
)
async def observe(timestamp: int) -> None:
    """Record finished conversations; tell what waits; announce what was left behind."""
    try:
        await units.run(upkeep.run, "evidence.observe", _record_evidence)
        await units.run(waiting_decisions.notify)
    finally:
        await units.run(voucher_events.announce_left_behind)


@app.periodic(cron="* * * * * 45", periodic_id="fold")
@app.task(
    name="agents.tasks.fold",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.fold",
)
async def fold(timestamp: int) -> None:
    """Add what has ended to the sums of the metrics."""
    await units.run(upkeep.run, "metrics.fold", tallies.fold_all)


@app.periodic(cron="* * * * * 30", periodic_id="erase")
@app.task(
    name="agents.tasks.erase",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.erase",
)
async def erase(timestamp: int) -> None:
    """Continue the searches for erased people that were interrupted."""
    await units.run(mention_search.advance)


@app.periodic(cron="4 * * * *", periodic_id="settlement")
@app.task(
    name="agents.tasks.settlement",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.settlement",
)
async def settlement(timestamp: int) -> None:
    """Send the settlement of the last month once."""
    await units.run(settlement_report.send_monthly)


@app.periodic(cron="*/5 * * * *", periodic_id="remind")
@app.task(
    name="agents.tasks.remind",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.remind",
)
async def remind(timestamp: int) -> None:
    """Remind owners of vouchers that end soon, by day and where it is switched on."""
    await units.run(expiry_reminders.remind)


@app.periodic(cron="17 * * * *", periodic_id="purge")
@app.task(
    name="agents.tasks.purge",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.purge",
    pass_context=True,
)
async def purge(context: JobContext, timestamp: int) -> None:
    """Delete what was kept long enough, and the queue's finished jobs."""
    await units.run(retention.purge)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=48, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="*/10 * * * *", periodic_id="audit")
@app.task(
    name="agents.tasks.audit",
    queue=UPKEEP_QUEUE,
    queueing_lock="agents.tasks.audit",
)
async def audit(timestamp: int) -> None:
    """Write a checkpoint when vouchers changed, and check all vouchers once a day."""
    if (number := await units.run(audit_runs.write_checkpoint)) is not None:
        await audit_runs.mail_first_of_day(number)
    while not await units.run(audit_runs.verify_slice):
        pass
