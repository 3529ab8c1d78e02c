"""Find calls that no worker has: one that rings unheard, or whose worker died.

The connection to the provider is kept open too, so that an accept does not wait for it.
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from agents.core.jobs import enqueue_call
from agents.models import Call
from agents.realtime import openai_realtime
from easymo.database import units
from easymo.observability.logs import get_logger
from rollout.core.features import Feature
from rollout.flags.exposure import is_on_for_anyone

logger = get_logger(__name__)

# With the lease's 6 seconds, a killed worker's call is found within 8.
INTERVAL_S = 2.0
# A job that was stored with the webhook has begun by then.
UNHEARD = timedelta(seconds=3)
MOST = 200
# Intervals. An idle connection is closed after 60 seconds.
WARM_EVERY = 20


async def watch_forever() -> None:
    """Look for such calls until the worker stops."""
    if settings.OPENAI_API_KEY or settings.DEMONSTRATION or settings.SIMULATOR_ENABLED:
        # Not in the event loop, which calls and turns share.
        await asyncio.to_thread(openai_realtime.load)
    for number in itertools.count():
        await asyncio.sleep(INTERVAL_S)
        try:
            await units.run(enqueue_free)
            if number % WARM_EVERY == 0:
                await keep_warm()
        except Exception:
            # The database may be away: look again.
            logger.exception("ai.call.watch.error")


async def keep_warm() -> None:
    """Use the connection to the provider before it is closed for being idle."""
    provider = openai_realtime.configured()
    if provider is not None and await units.run(is_on_for_anyone, Feature.VOICE):
        await provider.warm()


@transaction.atomic
def enqueue_free() -> int:
    """Enqueue the calls without a worker; return how many."""
    free = Q(lease_expires_at__lte=Now()) | Q(
        state=Call.State.RINGING, received_at__lt=Now() - UNHEARD
    )
    found = list(
        Call.objects.exclude(state__in=[Call.State.REJECTED, Call.State.ENDED])
        .filter(free)
        .order_by("pk")
        .values_list("pk", flat=True)[:MOST]
    )
    for pk in found:
        enqueue_call(call_id=pk)
    return len(found)
