"""Record each ended call as one observation of the channel voice, once.

These count as calls: each tool call, and each turn without one; and the phone call
itself where the provider or this system failed it. A call that was rejected because of
a rule has nothing to count.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls.reasons import FAILED_REJECTIONS
from agents.models import Call, ToolCall, Turn
from agents.outcomes import outcome, satisfaction
from agents.outcomes.outcome import TurnEvidence
from easymo import keys
from easymo.observability.logs import get_logger
from rollout.evidence import observations
from rollout.evidence.observations import FinishedConversation
from rollout.models import Channel, Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = get_logger(__name__)

BATCH_SIZE = 500
State = Call.State


def record_ended() -> int:
    """Record all calls that ended since the last run; return how many."""
    total = 0
    for pk in _due():
        try:
            total += record_call(pk)
        except Exception:
            # The other calls are still recorded.
            logger.exception("ai.call.observe.error", call=pk)
    return total


def _due() -> list[int]:
    ended = Call.objects.filter(
        state__in=[State.ENDED, State.REJECTED], observed_at=None
    )
    return list(ended.order_by("pk").values_list("pk", flat=True)[:BATCH_SIZE])


@transaction.atomic
def record_call(call_pk: int) -> int:
    """Record one call and mark it and its turns; return how many observations."""
    call = (
        Call.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=call_pk, observed_at=None)
        .first()
    )
    if call is None:
        return 0
    turns = list(Turn.objects.filter(conversation=call.conversation_id).order_by("id"))
    finished = _finished(call, turns)
    recorded = observations.record_observation(finished) if finished else None
    now = timezone.now()
    Turn.objects.filter(pk__in=[turn.pk for turn in turns]).update(observed_at=now)
    call.observed_at = now
    call.save(update_fields=["observed_at"])
    return 0 if recorded is None else 1


def _finished(call: Call, turns: Sequence[Turn]) -> FinishedConversation | None:
    """Return the figures of a call; None when the agent had nothing to do with it."""
    is_refused = call.state == State.REJECTED and call.reason not in FAILED_REJECTIONS
    if is_refused or (call.state == State.ENDED and call.accepted_at is None):
        return None
    assert call.ended_at is not None
    failed_call = call.outcome == Call.Outcome.FAILED or call.state == State.REJECTED
    evidence = [_evidence(turn) for turn in turns]
    errors: Counter[str] = Counter()
    figures = outcome.figures_of(evidence, now=call.ended_at)
    if figures is not None:
        errors.update(figures.errors)
    if failed_call:
        errors[f"call:{call.reason}"] += 1
    return FinishedConversation(
        source_key=f"voice:{call.pk}",
        conversation_key=keys.digest(satisfaction.PURPOSE, call.public_id.bytes).hex(),
        channel=Channel.VOICE,
        started_at=call.received_at,
        finished_at=max(call.ended_at, call.received_at),
        calls=(figures.calls if figures else 0) + (failed_call or figures is None),
        failed=(figures.failed if figures else 0) + failed_call,
        turns=figures.turns if figures else 0,
        latencies_ms=_latencies_ms(evidence),
        cost=call.cost if call.accepted_at else None,
        price_version=call.price_version,
        errors=dict(errors),
        outcome=call.outcome or Observation.Outcome.FAILED,
        is_synthetic=call.is_synthetic,
    )


def _evidence(turn: Turn) -> TurnEvidence:
    calls = list(ToolCall.objects.filter(turn=turn).order_by("ordinal"))
    return TurnEvidence(turn=turn, received_at=turn.started_at, calls=calls)


def _latencies_ms(evidence: Sequence[TurnEvidence]) -> list[int]:
    """Return how long each answer took from the caller's last word."""
    return [
        max(round((end - start).total_seconds() * 1000), 0)
        for each in evidence
        if each.is_answered
        and (start := each.turn.input_ended_at)
        and (end := each.turn.finished_at)
    ]
