"""Periodic tasks of vouchers."""

from __future__ import annotations

from procrastinate.contrib.django import app

from easymo.database import units
from easymo.observability import upkeep
from easymo.observability.logs import get_logger
from vouchers.models import ExpiryMark
from vouchers.services import envelopes, periodic

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


@app.periodic(cron="20 1 * * *")
@app.task(name="vouchers.tasks.expire_all", queue="vouchers")
async def expire_all(timestamp: int) -> None:
    await _expire(ExpiryMark.Run.NIGHTLY, NIGHTLY_PAGES)


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
