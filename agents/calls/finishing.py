"""Finish a call: state, reason, outcome, turns and cost, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import recording
from agents.calls.lease import lock_call
from agents.calls.reasons import FAILURES, EndReason
from agents.core.errors import LeaseLost
from agents.models import Call, CallEvent
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

logger = get_logger(__name__)

Outcome = Call.Outcome


def outcome_for(reason: EndReason) -> Call.Outcome:
    """Return the outcome of an accepted call that ended for this reason."""
    if reason in FAILURES:
        return Outcome.FAILED
    if reason == EndReason.CALL_BUDGET:
        return Outcome.CAPPED
    return Outcome.HANDED_OVER if reason == EndReason.TRANSFERRED else Outcome.DONE


def finish(
    ref: CallRef, reason: EndReason, outcome: Call.Outcome | None = None
) -> bool:
    """End the call once; False when it has ended or another worker has it.

    Call it after the last tool has ended: a running tool finishes first.
    """
    try:
        with transaction.atomic():
            call = lock_call(ref)
            _end(call, ref, reason, outcome or outcome_for(reason))
    except LeaseLost:
        return False
    logger.info("ai.realtime.session.ended", call=ref.pk, reason=str(reason))
    return True


def _end(call: Call, ref: CallRef, reason: EndReason, outcome: Call.Outcome) -> None:
    failed = outcome == Outcome.FAILED
    recording.close_turn(
        ref, outcome="silent", error_code=str(reason) if failed else ""
    )
    call.state = Call.State.ENDED
    call.reason = reason
    call.outcome = outcome if call.accepted_at else ""
    call.ended_at = timezone.now()
    call.lease_token = None
    call.lease_expires_at = None
    call.save(
        update_fields=[
            "state",
            "reason",
            "outcome",
            "ended_at",
            "lease_token",
            "lease_expires_at",
        ]
    )
    recording.event(call, CallEvent.Kind.ENDED, reason=str(reason))
