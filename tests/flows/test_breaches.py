"""Breaches made on purpose: noticed, rolled back, written up and told, by nobody.

From turns and streams, as they are, to the switches: observed, judged, acted on.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.models import OutboundMessage
from agents.services import episodes
from rollout import clock
from rollout.features import Feature
from rollout.models import Incident, Notice, Observation, Plan, RollbackEvent
from rollout.selectors import feature_states
from rollout.services.evaluate import tick
from tests import processes
from tests.agents.cast import Cast, make_cast
from tests.agents.services.test_episodes import talked
from tests.canaries import ALINE
from tests.easymo.observability.test_findings import PROGRAM
from tests.rollout.judging import FakeClock, enter
from vouchers.models import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from agents.models import Turn

CONVERSATIONS = 60
APART = timedelta(minutes=11)


@pytest.fixture
def cast(committed_db: str) -> Cast:
    """People talk to the agent in beta, everything on."""
    enter("beta")
    return make_cast()


def hours_later(cast: Cast, facts: dict[str, Any], spoil: Any = None) -> datetime:
    """Let many conversations end, one after the other; return when all are over."""
    for number in range(1, CONVERSATIONS + 1):
        turn = talked(cast.aline, -APART * number, **facts)
        if spoil:
            spoil(turn)
    return timezone.now() + APART * (CONVERSATIONS + 1)


def slow(turn: Turn) -> None:
    OutboundMessage.objects.filter(turn=turn).update(
        handed_over_at=turn.input_ended_at + timedelta(seconds=14)
    )


def are_on() -> set[str]:
    return {state.name for state in feature_states() if state.is_on}


@pytest.mark.parametrize(
    ("facts", "spoil", "guardrail"),
    [
        ({"error_code": "server_error"}, None, "success"),
        ({}, slow, "latency"),
        ({"cost": Decimal("0.95")}, None, "cost"),
    ],
    ids=["fails", "slow", "expensive"],
)
def test_breach__of_the_model__is_found_and_rolled_back(
    cast: Cast, facts: dict[str, Any], spoil: Any, guardrail: str
) -> None:
    # Given conversations that go badly
    now = hours_later(cast, facts, spoil)

    # When the minute's work is done
    with clock.use(FakeClock(now)):
        assert episodes.observe(now=now) == CONVERSATIONS
        evaluation = tick()

    # Then
    assert evaluation is not None
    assert evaluation.acted
    assert guardrail in evaluation.key
    assert Feature.CHAT not in are_on()
    incident = Incident.objects.get()
    assert incident.timeline.exists()
    assert RollbackEvent.objects.exists()
    assert Notice.objects.exists()


def test_breach__healthy_conversations__nothing_happens(cast: Cast) -> None:
    """The control: the same road, without a breach."""
    now = hours_later(cast, {})

    with clock.use(FakeClock(now)):
        episodes.observe(now=now)
        tick()

    assert Observation.objects.count() == CONVERSATIONS
    assert are_on() == {str(feature) for feature in Feature}
    assert not Incident.objects.exists()


def test_breach__a_library_prints_a_customers_number__all_off_and_frozen(
    cast: Cast, committed_db: str
) -> None:
    # Given
    Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)
    assert are_on() == {str(feature) for feature in Feature}

    # When a process of ours runs with such a library
    processes.run("-c", PROGRAM, "0" + ALINE.msisdn[4:], DATABASE_URL=committed_db)
    tick()

    # Then
    assert are_on() == set()
    assert RollbackEvent.objects.get().kind == "full"
    assert Plan.objects.get().state == Plan.State.FROZEN
    assert Incident.objects.get().severity == "critical"
    assert Notice.objects.exists()
