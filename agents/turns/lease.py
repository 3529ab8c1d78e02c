"""The lease of one worker on one turn.

A turn's row names the token of the worker that runs it. Another worker takes the turn
over in `claim`; a partial unique constraint allows one running turn. A worker whose lease
has ended can write nothing more, because every transaction of a turn begins with
`locks.lock_turn`.
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


def create_leased_turn(turn: Turn, timing: Timing) -> Lease:
    """Insert the row of a new turn, leased by this worker."""
    expires_at = ("statement_timestamp() + %s", timing.lease_span)
    prepared_rows.insert(turn, lease_expires_at=expires_at)
    return Lease(turn.pk, turn.conversation_id, turn.lease_token)


def renew(lease: Lease, timing: Timing) -> bool:
    """Extend the lease; False when another worker has the turn."""
    return (
        Turn.objects.filter(
            pk=lease.turn_id, lease_token=lease.token, status=Turn.Status.RUNNING
        ).update(lease_expires_at=Now() + timing.lease_span)
        == 1
    )


def give_back(lease: Lease) -> None:
    """Let another worker take the turn over at once.

    The token is replaced too, so that a transaction of this worker that is still on its
    way is refused.
    """
    with transaction.atomic():
        given = Turn.objects.filter(
            pk=lease.turn_id, lease_token=lease.token, status=Turn.Status.RUNNING
        ).update(lease_token=uuid.uuid4(), lease_expires_at=Now())
        if given:
            enqueue_turn(conversation_id=lease.conversation_id)


@asynccontextmanager
async def keep_renewed(lease: Lease, timing: Timing) -> AsyncIterator[None]:
    """Renew the lease while the block runs; cancel the block when it is lost."""
    owner = asyncio.current_task()
    assert owner is not None
    renewer = asyncio.create_task(_renew_until_lost(lease, timing, owner))
    try:
        yield
    except asyncio.CancelledError:
        # Only a cancellation by the renewer becomes LeaseLost.
        if renewer.done() and not renewer.cancelled() and owner.uncancel() == 0:
            raise LeaseLost from None
        raise
    finally:
        renewer.cancel()


async def _renew_until_lost(
    lease: Lease, timing: Timing, owner: asyncio.Task[Any]
) -> None:
    """Renew the lease; once it is lost, cancel its owner and return."""
    while True:
        await asyncio.sleep(timing.renew)
        try:
            is_held = await units.run(renew, lease, timing)
        except (DatabaseError, InterfaceError) as error:
            # While the database is away, no other worker can take the turn either.
            logger.warning("ai.turn.lease.error", error=type(error).__name__)
            continue
        if not is_held:
            owner.cancel()
            return
