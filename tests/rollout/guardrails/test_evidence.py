"""The triggers without statistics: one event, or several in a row, are enough."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from rollout.core.features import Feature
from rollout.core.ports import Spend, ports
from rollout.flags import exposure
from rollout.guardrails import actions as guardrails_actions
from rollout.models import (
    Incident,
    Notice,
    Override,
    RollbackEvent,
)
from tests.rollout.guardrail_cases import (
    EVERYTHING,
    FakeClock,
    enter,
    leak,
    minutes,
    plan,
    probe,
    tick,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("production")
def test_tick__customers_number_reached_a_log__full_rollback_and_frozen() -> None:
    # Given
    leak()

    # When
    evaluation = tick()

    # Then
    assert evaluation.because == "Personal data reached a log once."
    assert RollbackEvent.objects.get().kind == "full"
    assert exposure.functions_are_removed() is True
    assert guardrails_actions.features_on() == frozenset()
    assert plan().state == "frozen"


@pytest.mark.usefixtures("production")
def test_tick__something_that_looks_like_a_number__holds_and_nothing_more(
    now: FakeClock,
) -> None:
    # Given
    leak("candidate")

    # When
    evaluation = tick()

    # Then
    assert evaluation.action == "hold"
    assert guardrails_actions.features_on() == frozenset(Feature)
    assert plan().state == "held"
    assert Incident.objects.get().dedupe_key == "guardrail:pii"


def test_tick__leak_of_the_stay_before__is_answered(
    now: FakeClock, switch: Switch
) -> None:
    # Given
    enter("beta")
    leak()
    now.advance(minutes=1)
    enter("production")
    switch(**EVERYTHING)

    # Then
    assert tick().action == "none"


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("usd", "action"), [("22.0", "none"), ("22.6", "quick"), ("300", "quick")]
)
def test_tick__spending_of_the_hour__has_a_hard_cap(
    usd: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: 20 chats at $0.10 and 5 calls at $0.50 are planned, five times that is
    # too much
    monkeypatch.setattr(ports, "spend_since", lambda _at: Spend(Decimal(usd), 0))

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.key) == (
        (action, "spend") if action != "none" else ("none", "")
    )


@pytest.mark.usefixtures("production")
def test_tick__spending_is_asked_for_since_the_stay_began(
    now: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    asked: list[datetime] = []

    def spend_since(at: datetime) -> Spend:
        asked.append(at)
        return Spend(Decimal(0), 0)

    monkeypatch.setattr(ports, "spend_since", spend_since)
    began = plan().run.entered_at
    now.advance(minutes=20)

    # When
    tick()
    now.advance(hours=3)
    tick()

    # Then
    assert asked[:2] == [began, began]
    assert asked[2] == now.at - timedelta(hours=1)


@pytest.mark.usefixtures("production")
def test_tick__probes_fail__two_hold_and_five_turn_all_off(now: FakeClock) -> None:
    # Given
    actions = []

    # When
    for _ in range(5):
        now.advance(minutes=1)
        probe(passed=False)
        actions.append(tick().action)

    # Then
    assert actions == ["none", "hold", "hold", "hold", "quick"]
    assert Incident.objects.get().dedupe_key == "guardrail:probe"
    assert plan().state == "rolled_back"


@pytest.mark.usefixtures("production")
def test_tick__probe_passes_between__count_begins_again(now: FakeClock) -> None:
    for passed in (False, False, False, False, True, False):
        now.advance(minutes=1)
        probe(passed=passed)
        last = tick()

    assert last.action == "none"


@pytest.mark.usefixtures("production")
def test_tick__voucher_broke_a_rule__vouchers_stop_and_people_can_talk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(ports, "value_errors_since", lambda _at: 1)

    # When
    tick()

    # Then
    assert guardrails_actions.features_on() == frozenset(Feature) - {Feature.VOUCHERS}
    assert Incident.objects.get().severity == "critical"


@pytest.mark.usefixtures("production")
def test_tick__nothing_is_heard__holds_pages_and_after_an_hour_all_off(
    now: FakeClock,
) -> None:
    # Given
    now.advance(minutes=23)
    assert tick().action == "none"

    # When: ten times the gap of 25 conversations an hour
    now.advance(minutes=2)
    first = tick()
    now.advance(minutes=58)
    second = tick()
    now.advance(minutes=2)
    third = tick()

    # Then
    assert (first.action, first.acted, plan().run.stage) == ("hold", True, "production")
    assert "No figures for 25 minutes" in first.because
    assert Notice.objects.filter(incident__dedupe_key="guardrail:data").exists()
    assert (second.action, second.acted) == ("hold", False)
    assert third.action == "quick"


@pytest.mark.usefixtures("production")
def test_tick__nothing_is_heard_and_somebody_took_it_on__stays_on(
    now: FakeClock,
) -> None:
    # Given
    now.advance(minutes=25)
    tick()
    Incident.objects.update(commander="odette")

    # When
    now.advance(minutes=90)

    # Then
    assert tick().action == "hold"
    assert guardrails_actions.features_on() == frozenset(Feature)


@pytest.mark.usefixtures("production")
def test_tick__only_probes_are_heard__is_no_silence(now: FakeClock) -> None:
    assert {evaluation.action for evaluation in minutes(now, 40)} == {"none"}


@pytest.mark.usefixtures("production")
def test_tick__override_and_a_leak__rolls_back(now: FakeClock) -> None:
    # Given
    Override.objects.create(
        reason="a load test",
        by="odette",
        at=now.at,
        expires_at=now.at + timedelta(hours=2),
    )
    leak()

    # Then
    assert tick().action == "full"
