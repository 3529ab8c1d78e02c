"""Periodic tasks of vouchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate.contrib.django import app

from easymo.database import units
from easymo.observability import upkeep
from easymo.observability.logs import get_logger
from vouchers.batches import issuing
from vouchers.errors import FeatureDisabled
from vouchers.models import Batch, ExpiryMark
from vouchers.services import envelopes, periodic

if TYPE_CHECKING:
    from procrastinate import JobContext

logger = get_logger(__name__)

ENVELOPES = "vouchers.envelopes"
COUNTERS = "vouchers.counters"
UPKEEP_JOBS = (ENVELOPES, COUNTERS)
# A round through a million vouchers takes two nights.
NIGHTLY_PAGES = 500


@app.periodic(cron="* * * * *")
@app.task(name="vouchers.tasks.expire", queue="vouchers")
async def expire(timestamp: int) -> None:
    await _expire(ExpiryMark.Run.FREQUENT, periodic.MOST_PAGES)


@app.periodic(cron="* * * * *")
@app.task(name="vouchers.tasks.expire_requests", queue="vouchers")
async def expire_requests(timestamp: int) -> None:
    if ended := await units.run(periodic.expire_requests):
        logger.info("voucher.requests_expired", count=ended)


@app.periodic(cron="20 1 * * *")
@app.task(name="vouchers.tasks.expire_all", queue="vouchers")
async def expire_all(timestamp: int) -> None:
    await _expire(ExpiryMark.Run.NIGHTLY, NIGHTLY_PAGES)


# Also continues a batch that a killed worker left.
@app.periodic(cron="* * * * *")
@app.task(
    name=issuing.TASK,
    queue=issuing.QUEUE,
    queueing_lock=issuing.TASK,
    pass_context=True,
)
async def issue_batches(context: JobContext, timestamp: int = 0) -> None:
    """Issue the batches that were confirmed, a part in one transaction."""
    for batch in await units.run(issuing.to_issue):
        row, lines = batch, await units.run(issuing.lines_of, batch)
        while row.state == Batch.State.ISSUING and not context.should_abort():
            try:
                row = await units.run(issuing.issue_next, row, lines)
            except FeatureDisabled:
                # The next run continues when vouchers are on again.
                logger.warning("voucher.batch.off", batch_id=batch.pk)
                return
        if row.state == Batch.State.DONE:
            logger.info(
                "voucher.batch.done",
                batch_id=row.pk,
                issued=row.issued,
                refused=len(row.refused),
            )


@app.periodic(cron="25 2 * * *")
@app.task(name="vouchers.tasks.cancel_batches", queue="vouchers")
async def cancel_batches(timestamp: int) -> None:
    await units.run(issuing.cancel_forgotten)


@app.periodic(cron="*/10 * * * *")
@app.task(name="vouchers.tasks.purge_envelopes", queue="vouchers")
async def purge_envelopes(timestamp: int) -> None:
    await units.run(upkeep.run, ENVELOPES, envelopes.purge)


@app.periodic(cron="40 1 * * *")
@app.task(name="vouchers.tasks.purge_counters", queue="vouchers")
async def purge_counters(timestamp: int) -> None:
    await units.run(upkeep.run, COUNTERS, periodic.purge_counters)


async def _expire(run: ExpiryMark.Run, pages: int) -> None:
    ended = await units.run(periodic.expire_vouchers, run=run, pages=pages)
    if ended:
        logger.info("voucher.expired", count=ended)
