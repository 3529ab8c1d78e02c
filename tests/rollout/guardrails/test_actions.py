"""What the evaluator does about failures, slowness and cost, in each stage."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.guardrails import actions
from rollout.models import (
    Incident,
    Notice,
    Override,
)
from rollout.policy.decision_matrix import MAX_PARTIALS_A_DAY
from rollout.stages import plan_state
from tests.rollout.guardrail_cases import FakeClock, enter, minutes, observe, plan, tick

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("stage", "action", "state"),
    [
        # A false one is cheap where only our own people are served.
        ("smoke", "partial", "rolled_back"),
        ("beta", "partial", "rolled_back"),
        ("production", "hold", "held"),
        ("infrastructure", "hold", "active"),
    ],
)
def test_tick__warning__acts_only_before_production(
    stage: str, action: str, state: str, now: FakeClock, switch: Switch
) -> None:
    # Given
    if stage != "infrastructure":
        enter(stage)
    switch(CHAT=True)
    observe(160)
    observe(40, calls=10, failed=1)

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, plan().state) == (action, state)
    assert Notice.objects.count() == 1


@pytest.mark.usefixtures("production")
def test_tick__hold__its_notice_leaves_without_waiting_for_the_sweep() -> None:
    # Given
    observe(160)
    observe(40, calls=10, failed=1)

    # When
    evaluation = tick()

    # Then
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")
        waiting = {name for (name,) in cursor.fetchall()}
    assert evaluation.action == "hold"
    assert "rollout.tasks.deliver_notices" in waiting


@pytest.mark.usefixtures("production")
def test_tick__warning_calms_down__hold_ends_by_itself_and_nothing_else_moves(
    now: FakeClock,
) -> None:
    # Given
    observe(160)
    observe(40, calls=10, failed=1)
    tick()
    assert plan().state == "held"

    # When
    observe(400)
    calming = minutes(now, 31)
    assert plan().state == "held"
    minutes(now, 31)

    # Then
    assert calming[0].action == "hold"
    assert plan().state == "active"
    assert actions.features_on() == frozenset(Feature)


@pytest.mark.usefixtures("production")
def test_tick__hold_of_a_person__is_not_ended(now: FakeClock) -> None:
    # Given
    plan_state.hold(reason="the mayor visits", actor="odette", source="cli")

    # When
    minutes(now, 65)

    # Then
    assert plan().state == "held"


@pytest.mark.usefixtures("production")
def test_tick__override__holds_back_failures_but_neither_data_nor_money(
    now: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    Override.objects.create(
        reason="a load test",
        by="odette",
        at=now.at,
        expires_at=now.at + timedelta(hours=2),
    )
    observe(20, failed=5)

    # Then
    assert tick().action == "hold"
    assert actions.features_on() == frozenset(Feature)
    now.advance(hours=3)
    observe(1, failed=5)
    assert tick().action == "quick"


@pytest.mark.usefixtures("production")
def test_tick__slow_in_production__half_an_hour_for_people_then_the_channel(
    now: FakeClock,
) -> None:
    # Given: seven seconds
    slow = {"turns": 2, "slow_3s": 2, "slow_5s": 2, "latencies_ms": [7000, 7000]}
    observe(20, **slow)

    # When
    first = tick()
    later = minutes(now, 29)
    last = minutes(now, 1)[0]

    # Then
    assert "p95 7.0 s" in first.because
    assert {evaluation.action for evaluation in [first, *later]} == {"hold"}
    assert (last.action, actions.features_on()) == (
        "partial",
        frozenset(Feature) - {Feature.CHAT},
    )


@pytest.mark.usefixtures("production")
def test_tick__fifteen_seconds_in_production__the_channel_at_once() -> None:
    # Given
    slow = {
        "turns": 2,
        "slow_3s": 2,
        "slow_5s": 2,
        "slow_10s": 2,
        "latencies_ms": [15000, 15000],
    }
    observe(20, **slow)

    # Then
    assert tick().action == "partial"


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    ("cost", "action"), [("0.09", "none"), ("0.30", "hold"), ("0.60", "quick")]
)
def test_tick__expensive_model__is_found(cost: str, action: str) -> None:
    # Given
    observe(60, cost=cost)

    # Then
    assert tick().action == action


@pytest.mark.usefixtures("production")
def test_tick__price_unknown__holds_and_never_counts_as_free() -> None:
    # Given
    observe(30, cost=None)

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.key) == ("hold", "cost:chat")
    assert evaluation.because == "No figures for cost on chat."


@pytest.mark.usefixtures("production")
def test_tick__failures_on_both_channels__back_to_the_stage_before(
    now: FakeClock,
) -> None:
    # Given: a seventh of all calls
    for _ in range(150):
        observe(1, calls=7, failed=1)
        observe(1, calls=7, failed=1, channel="voice", cost="0.3")

    # When
    evaluation = tick()

    # Then
    assert evaluation.action == "demote"
    assert Notice.objects.exclude(text__contains="incident").count() == 0
    assert plan().run.stage == "beta"
    assert exposure.is_on(Feature.CHAT, "a subject") is False
    assert Incident.objects.get().dedupe_key.startswith("guardrail:success:")


def test_tick__partial_again_on_one_day__all_features_off(
    now: FakeClock, switch: Switch
) -> None:
    # Given
    found = []

    # When
    for _ in range(MAX_PARTIALS_A_DAY):
        now.advance(hours=2)
        enter("smoke")
        switch(VOUCHERS=True, CHAT=True)
        observe(160)
        observe(40, calls=10, failed=1)
        found.append(tick().action)

    # Then
    assert found == ["partial"] * (MAX_PARTIALS_A_DAY - 1) + ["quick"]


def test_tick__fourth_automatic_action_of_a_day__freezes(
    now: FakeClock, switch: Switch
) -> None:
    # Given
    for _ in range(3):
        now.advance(hours=2)
        enter("production")
        switch(VOUCHERS=True, CHAT=True)
        observe(12, failed=5, outcome="failed")
        assert tick().acted is True
        assert plan().state == "rolled_back"

    # When
    now.advance(hours=2)
    enter("production")
    switch(CHAT=True)
    observe(12, failed=5, outcome="failed")
    tick()

    # Then
    assert plan().state == "frozen"
    assert actions.features_on() == frozenset()


@pytest.mark.usefixtures("production")
def test_tick__turned_on_by_override__is_judged_by_new_evidence_only(
    now: FakeClock, switch: Switch
) -> None:
    # Given
    observe(12, failed=5)
    assert tick().action == "quick"
    now.advance(minutes=10)
    switch(CHAT=True)

    # Then
    assert tick().action == "none"
    observe(12, failed=5)
    now.advance(minutes=1)
    assert tick().action == "quick"
