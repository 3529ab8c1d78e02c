"""The hold of one worker on one turn.

A turn's row names the token of the worker that runs it. Taking it over swaps the token
by compare-and-set, so that a worker that slept through its lease can write nothing more:
every transaction of a turn begins with `locks.lock_turn`.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models.functions import Now

from agents.core.errors import LeaseLost
from agents.core.jobs import enqueue_turn
from agents.models import Turn
from easymo.database import prepared_rows, units
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.turns.quiet_time import Timing

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    turn_id: int
    conversation_id: int
    token: UUID


def hold(turn: Turn, timing: Timing) -> Lease:
    """Write the row of a new turn, held by this worker."""
    span = ("statement_timestamp() + %s", timing.lease_span)
    prepared_rows.insert(turn, lease_expires_at=span)
    return Lease(turn.pk, turn.conversation_id, turn.lease_token)


def renew(lease: Lease, timing: Timing) -> bool:
    """Hold on to the turn for another while; False when it is not ours any more."""
    return (
        Turn.objects.filter(
            pk=lease.turn_id, lease_token=lease.token, status=Turn.Status.RUNNING
        ).update(lease_expires_at=Now() + timing.lease_span)
        == 1
    )


def give_back(lease: Lease) -> None:
    """Let the next worker take the turn up at once.

    The token goes too: a database unit of ours that is still on its way is refused.
    """
    with transaction.atomic():
        given = Turn.objects.filter(
            pk=lease.turn_id, lease_token=lease.token, status=Turn.Status.RUNNING
        ).update(lease_token=uuid.uuid4(), lease_expires_at=Now())
        if given:
            enqueue_turn(conversation_id=lease.conversation_id)


@asynccontextmanager
async def kept(lease: Lease, timing: Timing) -> AsyncIterator[None]:
    """Renew the lease while the block runs; stop the block when it is lost."""
    owner = asyncio.current_task()
    assert owner is not None
    keeper = asyncio.create_task(_keep(lease, timing, owner))
    try:
        yield
    except asyncio.CancelledError:
        # Only our own cancelling becomes an error of ours.
        if keeper.done() and not keeper.cancelled() and owner.uncancel() == 0:
            raise LeaseLost from None
        raise
    finally:
        keeper.cancel()


async def _keep(lease: Lease, timing: Timing, owner: asyncio.Task[Any]) -> None:
    """Return once the lease is lost, after stopping its owner."""
    while True:
        await asyncio.sleep(timing.renew)
        try:
            is_held = await units.run(renew, lease, timing)
        except (DatabaseError, InterfaceError) as error:
            # Nobody else can take the turn from a database that is away.
            logger.warning("ai.turn.lease.error", error=type(error).__name__)
            continue
        if not is_held:
            owner.cancel()
            return
