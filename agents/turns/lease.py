"""The lease of one worker on one turn.

A turn's row names the token of the worker that runs it. Another worker takes the turn
over in `claim`; a partial unique constraint allows one running turn. A worker whose lease
has ended can write nothing more, because every transaction of a turn begins with
`locks.lock_turn`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from agents.core import leases
from agents.core.jobs import enqueue_turn
from agents.models import Turn
from easymo.database import prepared_rows

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from agents.turns.quiet_time import Timing


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


def keep_renewed(lease: Lease, timing: Timing) -> AbstractAsyncContextManager[None]:
    """Renew the lease while the block runs; cancel the block when it is lost."""
    return leases.keep_renewed(
        partial(renew, lease, timing),
        every_s=timing.renew,
        error_event="ai.turn.lease.error",
    )
