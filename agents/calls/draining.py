"""Stop taking calls when the worker stops, and end or hand over the running ones."""

from __future__ import annotations

import asyncio

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from agents.calls import control
from agents.calls.control import Action, CallOrder
from agents.calls.reasons import EndReason
from easymo.database import units
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

# A worker reports every 5 seconds; this one is among them.
OTHERS = """
SELECT count(*) > 1 FROM procrastinate_workers
WHERE last_heartbeat > now() - interval '12 seconds'
"""
HAND_OVER = CallOrder(Action.HAND_OVER, EndReason.DRAINED)
# Kept of the grace time for the hang-up and the last transaction.
MARGIN_S = 1.0

_tasks: set[asyncio.Task[None]] = set()


def begin() -> None:
    """Take no more calls; tell the running ones what to do. Runs in the event loop."""
    control.stop_taking()
    if control.running():
        task = asyncio.get_running_loop().create_task(_order_all())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


async def _order_all() -> None:
    """Hand calls over to another worker; without one, close them politely."""
    try:
        has_others = await units.run(_other_workers_live)
    except (DatabaseError, InterfaceError):
        has_others = False
    order = HAND_OVER if has_others else closing()
    for call_pk in control.running():
        control.ask(call_pk, order)
    logger.info("ai.call.drain", calls=len(control.running()), to=order.action.value)


def closing() -> CallOrder:
    """Return the order to say a closing line and hang up within the grace time."""
    within = max(settings.WORKER_GRACE_S - MARGIN_S, 1.0)
    return CallOrder(Action.CLOSE, EndReason.DRAINED, within_s=within)


def _other_workers_live() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        return bool(cursor.fetchone()[0])
