"""Phone calls as evidence: their failures and costs turn the phone off."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine

from agents.calls import observing
from agents.calls.reasons import EndReason
from agents.models import Call
from rollout.core.features import Feature
from rollout.guardrails import actions
from rollout.models import Observation, RollbackEvent
from tests.agents.calls.callers import ended
from tests.rollout.guardrail_cases import observe, tick
from vouchers.models import Profile

if TYPE_CHECKING:
    from tests.rollout.guardrail_cases import FakeClock

pytestmark = pytest.mark.django_db
ALINE = "+250788100001"


@pytest.fixture
def _calls_are_taken(now: FakeClock, production: None) -> None:
    Profile.objects.create(name="Aline", msisdn=ALINE)


@pytest.mark.usefixtures("_calls_are_taken")
@pytest.mark.parametrize(
    ("reason", "is_rolled_back"),
    [
        (EndReason.SESSION_ERROR, True),
        (EndReason.CONNECTION_LOST, True),
        (EndReason.GOODBYE, False),
        (EndReason.CALLER_HUNG_UP, False),
    ],
)
def test_tick__calls_end_this_way__voice_is_turned_off_or_not(
    now: FakeClock, reason: EndReason, *, is_rolled_back: bool
) -> None:
    observe(30)
    with time_machine.travel(now.at, tick=False):
        for _ in range(15):
            ended(ALINE, reason)
    Call.objects.update(cost=Decimal("0.10"))
    assert observing.record_ended() == 15
    assert Observation.objects.filter(channel="voice").count() == 15
    now.advance(minutes=1)

    evaluation = tick()

    assert (Feature.VOICE not in actions.features_on()) == is_rolled_back
    if is_rolled_back:
        assert evaluation.acted
        assert "voice" in RollbackEvent.objects.get().reason


@pytest.mark.usefixtures("_calls_are_taken")
def test_tick__calls_cost_far_more_than_expected__acted_on_for_voice(
    now: FakeClock,
) -> None:
    observe(60)
    with time_machine.travel(now.at, tick=False):
        for _ in range(40):
            ended(ALINE)
    Call.objects.update(cost=Decimal(9))
    observing.record_ended()
    now.advance(minutes=1)

    evaluation = tick()

    assert evaluation.action != "none", evaluation.because
    assert "voice" in evaluation.because
