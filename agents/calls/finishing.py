"""Finish a call: state, reason, outcome, turns and cost, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import budgets, recording
from agents.calls.lease import lock_call
from agents.calls.reasons import FAILURES, EndReason
from agents.core.errors import LeaseLost
from agents.models import Call, CallEvent, Turn
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.calls.reference import CallRef

logger = get_logger(__name__)

Outcome = Call.Outcome
COLUMNS = [
    "state",
    "reason",
    "outcome",
    "cost",
    "ended_at",
    "lease_token",
    "lease_expires_at",
]


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
            end(lock_call(ref), reason, outcome)
    except LeaseLost:
        return False
    return True


def end(call: Call, reason: EndReason, outcome: Call.Outcome | None = None) -> None:
    """End a call that the caller of this function has locked."""
    found = outcome or outcome_for(reason)
    if call.accepted_at is not None:
        _close_turn(call, has_failed=found == Outcome.FAILED)
        call.outcome = found
        call.cost = budgets.cost_of(call)
    call.state = Call.State.ENDED
    call.reason = reason
    call.ended_at = timezone.now()
    call.lease_token = None
    call.lease_expires_at = None
    call.save(update_fields=COLUMNS)
    recording.event(call, CallEvent.Kind.ENDED, reason=str(reason))
    logger.info(
        "ai.realtime.session.error"
        if found == Outcome.FAILED
        else "ai.realtime.session.ended",
        call=call.pk,
        reason=str(reason),
    )


def _close_turn(call: Call, *, has_failed: bool) -> None:
    """Close a turn that the call left open: the caller did not hear all of its answer."""
    Turn.objects.filter(
        conversation=call.conversation_id, status=Turn.Status.RUNNING
    ).update(
        # The failure is counted with the call.
        status=Turn.Status.ABANDONED if has_failed else Turn.Status.DONE,
        outcome="silent",
        finished_at=timezone.now(),
    )
