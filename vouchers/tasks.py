"""Periodic tasks of vouchers."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from easymo.database import units
from easymo.observability import upkeep
from easymo.observability.logs import get_logger
from vouchers.services import envelopes, periodic

logger = get_logger(__name__)

ENVELOPES = "vouchers.envelopes"
COUNTERS = "vouchers.counters"
UPKEEP_JOBS = (ENVELOPES, COUNTERS)
BATCH = 500
# Longer than an unnoticed outage of the worker. The nightly run looks at all vouchers.
RECENT = timedelta(days=2)


@app.periodic(cron="* * * * *")
@app.task(name="vouchers.tasks.expire", queue="vouchers")
async def expire(timestamp: int) -> None:
    await _expire(RECENT)


@app.periodic(cron="20 1 * * *")
@app.task(name="vouchers.tasks.expire_all", queue="vouchers")
async def expire_all(timestamp: int) -> None:
    await _expire(None)


@app.periodic(cron="*/10 * * * *")
@app.task(name="vouchers.tasks.purge_envelopes", queue="vouchers")
async def purge_envelopes(timestamp: int) -> None:
    await units.run(upkeep.run, ENVELOPES, envelopes.purge)


@app.periodic(cron="40 1 * * *")
@app.task(name="vouchers.tasks.purge_counters", queue="vouchers")
async def purge_counters(timestamp: int) -> None:
    await units.run(upkeep.run, COUNTERS, periodic.purge_counters)


async def _expire(within: timedelta | None) -> None:
    while ended := await units.run(
        periodic.expire_vouchers, limit=BATCH, within=within
    ):
        logger.info("voucher.expired", count=ended)
        if ended < BATCH:
            return
