"""Each call is one observation of the channel voice, once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.calls import decision, observing, recording
from agents.calls.accepting import _record_rejected, mark_rejecting
from agents.calls.finishing import finish
from agents.calls.reasons import FAILED_REJECTIONS, FAILURES, EndReason, RejectReason
from agents.models import Call, CallUsage, ToolCall, Turn
from agents.outcomes import recording as chat_recording
from rollout.models import MetricRollup, Observation
from tests.agents.calls.callers import attached, claimed, ended, ring
from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ALINE = "+250788100001"


@pytest.fixture(autouse=True)
def cast() -> Cast:
    return make_cast()


@pytest.mark.parametrize("reason", list(EndReason))
def test_record__each_end__one_observation_that_fails_or_not(
    reason: EndReason,
) -> None:
    call = ended(ALINE, reason)

    assert observing.record_ended() == 1
    assert observing.record_ended() == 0

    found = Observation.objects.get()
    assert found.source_key == f"voice:{call.pk}"
    assert found.channel == "voice"
    assert (found.calls, found.failed) == (1, int(reason in FAILURES))
    assert found.outcome == call.outcome
    assert MetricRollup.objects.get().channel == "voice"


@pytest.mark.parametrize("reason", list(RejectReason))
def test_record__each_rejection__counted_only_when_we_failed(
    reason: RejectReason,
) -> None:
    ref = claimed(ALINE)
    mark_rejecting(ref, reason)
    _record_rejected(ref.pk)

    assert observing.record_ended() == int(reason in FAILED_REJECTIONS)

    assert Call.objects.get(pk=ref.pk).observed_at is not None
    assert Observation.objects.filter(outcome="failed").exists() == (
        reason in FAILED_REJECTIONS
    )


def test_record__late_or_running__nothing() -> None:
    late = ring(ALINE)
    decision._close_unanswered(late, timezone.now())
    attached(ALINE)

    assert observing.record_ended() == 0
    assert Observation.objects.exists() is False


def test_record__turns_and_tools__figures_and_cost() -> None:
    ref = attached(ALINE)
    for status, code in (("succeeded", ""), ("refused", "expired"), ("failed", "x")):
        turn = recording.open_turn(ref)
        ToolCall.objects.create(
            turn_id=turn,
            ordinal=0,
            name="list_vouchers",
            status=status,
            code=code,
            finished_at=timezone.now(),
        )
    recording.open_turn(ref)
    recording.close_turn(ref)
    CallUsage.objects.create(
        call_id=ref.pk,
        kind="response",
        provider_id="r",
        model="m",
        cost=Decimal("0.25"),
        counted_cost=Decimal("0.25"),
        at=timezone.now(),
    )
    assert finish(ref, EndReason.GOODBYE)
    Turn.objects.update(input_ended_at=timezone.now() - timedelta(seconds=4))

    assert observing.record_ended() == 1

    found = Observation.objects.get()
    assert (found.calls, found.failed, found.turns) == (4, 1, 4)
    assert found.cost == Decimal("0.25")
    assert (found.slow_3s, found.slow_5s) == (4, 0)
    assert found.errors == {"list_vouchers:x": 1}
    assert not found.is_synthetic


def test_record__call__its_turns_are_no_chat() -> None:
    """The recording of chats never reads a call's turns, old or new."""
    ref = attached(ALINE)
    recording.open_turn(ref)
    recording.close_turn(ref)
    Turn.objects.update(finished_at=timezone.now() - timedelta(hours=1))

    assert chat_recording.record_finished() == 0

    assert finish(ref, EndReason.GOODBYE)
    observing.record_ended()
    assert Observation.objects.get().channel == "voice"
    assert Turn.objects.filter(observed_at=None).exists() is False


def test_conversation_key__no_id_of_the_call() -> None:
    call = ended(ALINE)
    observing.record_ended()

    key = Observation.objects.get().conversation_key
    assert len(key) == 64
    assert uuid.UUID(int=call.public_id.int).hex not in key
