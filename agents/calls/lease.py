"""The lease of one worker on one call.

A call is claimed by inserting a row: of several workers one succeeds, and only after the
lease before has ended. The worker renews its lease while the call runs; when it dies,
another one takes the call over, once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from agents.core import leases
from agents.core.errors import LeaseLost
from agents.core.jobs import enqueue_call
from agents.models import Call, CallClaim

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from django.db.models.expressions import Combinable

    from agents.calls.reference import CallRef

Cause = CallClaim.Cause


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """A dead worker's call is free after ``span``, and found at the next look."""

    span: timedelta = timedelta(seconds=6)
    renew_s: float = 2.0


TIMING = LeaseTiming()
# A rejection is one request and its repetition, and is not renewed.
REJECTION = timedelta(seconds=15)


def first_end(*, accepts: bool) -> Combinable:
    """Return when the lease of a call that is decided now ends, by the database."""
    return Now() + (TIMING.span if accepts else REJECTION)


def take(call_id: int, cause: CallClaim.Cause) -> UUID | None:
    """Claim a call by inserting the claim; None when another worker has it.

    The lease itself begins with the change of the call's row that follows in the same
    transaction: run this inside `atomic`.
    """
    token = uuid.uuid4()
    last = 0
    if cause != Cause.WEBHOOK:
        claims = CallClaim.objects.filter(call=call_id)
        last = claims.aggregate(at=Max("ordinal"))["at"] or 0
    try:
        with transaction.atomic():
            CallClaim.objects.create(
                call_id=call_id,
                ordinal=last + 1,
                cause=cause,
                token=token,
                claimed_at=Now(),
            )
    except IntegrityError:
        return None
    return token


def renew(ref: CallRef, timing: LeaseTiming = TIMING) -> bool:
    """Extend the lease; False when another worker has the call, or it has ended."""
    return (
        Call.objects.filter(pk=ref.pk, lease_token=ref.token).update(
            lease_expires_at=Now() + timing.span
        )
        == 1
    )


@transaction.atomic
def release(ref: CallRef) -> bool:
    """Let another worker take the running call over at once."""
    released = Call.objects.filter(pk=ref.pk, lease_token=ref.token).update(
        lease_expires_at=Now()
    )
    if released:
        enqueue_call(call_id=ref.pk, is_handed_over=True)
    return released == 1


def lock_call(ref: CallRef) -> Call:
    """Lock the call's row; raise LeaseLost when another worker has the call."""
    found = (
        Call.objects.select_for_update(no_key=True)
        .filter(pk=ref.pk, lease_token=ref.token)
        .first()
    )
    if found is None:
        raise LeaseLost
    return found


def keep_renewed(
    ref: CallRef, timing: LeaseTiming = TIMING
) -> AbstractAsyncContextManager[None]:
    """Renew the lease while the block runs; cancel the block when it is lost."""
    return leases.keep_renewed(
        partial(renew, ref, timing),
        every_s=timing.renew_s,
        error_event="ai.call.lease.error",
    )
