"""Take a call over whose worker died or stopped.

A call is taken over from a dead worker once; from a worker that stopped, whenever it was
handed over. A call that cannot be taken over is ended, and the caller gets an apology on
WhatsApp where that is possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import apology, decision, lease, recording
from agents.calls.finishing import end
from agents.calls.lease import TIMING, Cause
from agents.calls.reasons import EndReason, RejectReason
from agents.models import Call, CallEvent, Turn
from easymo.database import clock
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = get_logger(__name__)

State = Call.State


def take_over(call_id: int, *, is_handed_over: bool) -> Call | None:
    """Claim a call without a worker; return it in the state in which it goes on.

    None when it has a worker or needs none. ENDED or REJECTING: it cannot be taken over,
    and the provider has to be told.
    """
    with transaction.atomic():
        call = (
            Call.objects.select_for_update(of=("self",), no_key=True)
            .select_related("profile")
            .filter(pk=call_id)
            .first()
        )
        now = clock.now()
        if call is None or not _is_free(call, now):
            return None
        cause = Cause.HANDED_OVER if is_handed_over else Cause.LOST
        token = lease.take(call.pk, cause)
        recording.event(
            call, CallEvent.Kind.LOST, cause=str(cause), taken=token is not None
        )
        _abandon_turn(call)
        if token is None:
            _end_lost(call)
        else:
            _continue(call, token, now)
    logger.warning(
        "ai.call.taken_over", call=call.pk, cause=str(cause), state=call.state
    )
    return call


def _is_free(call: Call, now: datetime) -> bool:
    expires_at = call.lease_expires_at
    return expires_at is not None and expires_at <= now


def _continue(call: Call, token: UUID, now: datetime) -> None:
    """Lease the call; one that was not accepted is accepted now, if it still may be."""
    call.lease_token = token
    call.lease_expires_at = now + TIMING.span
    if call.state == State.ACCEPTING and (refusal := decision.still_refused(call)):
        _set_rejecting(call, refusal)
    call.save(
        update_fields=[
            "lease_token",
            "lease_expires_at",
            "state",
            "reason",
            "reject_status",
        ]
    )


def _set_rejecting(call: Call, reason: RejectReason) -> None:
    """The caller still hears it ring, or nothing: their trunk tries a person."""
    call.state = State.REJECTING
    call.reason = reason
    call.reject_status = decision.status_for(reason)


def _end_lost(call: Call) -> None:
    """It was taken over before: end it."""
    if call.state == State.REJECTING:
        return
    if call.state == State.ACCEPTING:
        _set_rejecting(call, RejectReason.WORKER_LOST)
        call.save(update_fields=["state", "reason", "reject_status"])
        return
    end(call, EndReason.WORKER_LOST, Call.Outcome.FAILED)
    apology.enqueue(call)


def _abandon_turn(call: Call) -> None:
    """Close the dead worker's turn: what it committed stays, it writes nothing more."""
    if call.conversation_id is None:
        return
    Turn.objects.filter(
        conversation=call.conversation_id, status=Turn.Status.RUNNING
    ).update(status=Turn.Status.ABANDONED, finished_at=timezone.now())
