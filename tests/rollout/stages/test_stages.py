from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.core.errors import (
    GatesUnmet,
    InvalidChange,
    InvalidReason,
    OverrideNeeded,
    WrongState,
)
from rollout.flags import cohorts
from rollout.models import (
    AgentFlag,
    FlagChange,
    GateResult,
    Notice,
    PlanChange,
    StageRun,
)
from rollout.plan import plan as plans
from rollout.policy.gates import Gate, GateVerdict
from rollout.policy.stages import GateName
from rollout.stages import plan_state, stages
from rollout.stages.rollback import rollback_quick
from tests.rollout.plan_cases import ODETTE, Fake, go

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]


@pytest.fixture
def open_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every gate be met; what each asks for is tested with the facts."""
    met = Gate(GateName.STATE, "State", GateVerdict.MET, "active", "active")
    monkeypatch.setattr(stages, "gates_now", lambda _plan=None: [met])


def state() -> tuple[str, str]:
    plan = plans.current()
    return plan.run.stage, plan.state


def test_plan__fresh_database__is_active_in_infrastructure() -> None:
    assert state() == ("infrastructure", "active")
    assert PlanChange.objects.get().kind == "begun"


def test_advance__gates_unmet__refused_named_and_written_down() -> None:
    # When
    with pytest.raises(GatesUnmet) as refused:
        stages.advance(reason="go", **ODETTE)

    # Then
    assert "Pre-flight: never run" in refused.value.unmet[0]
    assert state() == ("infrastructure", "active")
    assert PlanChange.objects.count() == 1
    assert GateResult.objects.get(gate="preflight").verdict == "no_data"
    assert GateResult.objects.filter(gate="state", verdict="pass").exists()


def test_advance__gates_met__next_stage_with_a_new_stay(
    open_gates: None, time: Fake
) -> None:
    # Given
    before = StageRun.objects.get()
    time.advance(days=1)

    # When
    change = stages.advance(reason="all green", **ODETTE)

    # Then
    assert state() == ("smoke", "active")
    before.refresh_from_db()
    after = StageRun.objects.get(exited_at=None)
    assert before.exited_at == after.entered_at == time.at
    assert (after.entered_by, after.reason) == ("odette", "all green")
    assert (change.kind, change.before["stage"], change.after["run"]) == (
        "advanced",
        "infrastructure",
        after.pk,
    )
    assert GateResult.objects.get().run == before
    assert "now smoke, active" in Notice.objects.get().text


def test_advance__last_stage__refused(open_gates: None) -> None:
    go("production")
    with pytest.raises(InvalidChange, match="last stage"):
        stages.advance(reason="on", **ODETTE)


def test_advance__no_reason__refused() -> None:
    with pytest.raises(InvalidReason):
        stages.advance(reason=" ", **ODETTE)


@pytest.mark.parametrize("how", ["hold", "rollback"])
def test_advance__not_active__is_a_gate_of_its_own(how: str) -> None:
    # Given
    if how == "hold":
        plan_state.hold(reason="look first", **ODETTE)
    else:
        rollback_quick(reason="outage", **ODETTE)

    # When
    with pytest.raises(GatesUnmet) as refused:
        stages.advance(reason="go", **ODETTE)

    # Then
    assert refused.value.unmet[0].startswith("State: ")


def test_set__up_without_override__refused_and_nothing_written() -> None:
    with pytest.raises(OverrideNeeded):
        stages.set_stage("beta", reason="go", **ODETTE)
    assert state() == ("infrastructure", "active")
    assert PlanChange.objects.count() == 1


def test_set__up_with_override__goes_and_says_so() -> None:
    change = stages.set_stage("Production", reason="go", override=True, **ODETTE)
    assert state() == ("production", "active")
    assert (change.kind, change.override) == ("set", True)
    assert "against the gates" in Notice.objects.get().text


@pytest.mark.parametrize("name", ["gamma", "", "infrastructure"])
def test_set__no_such_stage_or_the_same__refused(name: str) -> None:
    with pytest.raises(InvalidChange):
        stages.set_stage(name, reason="go", override=True, **ODETTE)


def test_set__back__needs_no_override() -> None:
    go("production")
    stages.set_stage("smoke", reason="again", **ODETTE)
    assert state() == ("smoke", "active")


def test_demote__from_production__takes_features_back_to_beta(switch: Switch) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    cohorts.make_cohort(name="friends")
    go("production")
    switch(CHAT=True)
    switch(VOICE=True, percent=50)
    switch(VOUCHERS=True, cohorts=["beta", "friends"])

    # When
    change = stages.demote(reason="too early", **ODETTE)

    # Then
    assert state() == ("beta", "active")
    assert change.kind == "demoted"
    flags = {flag.name: flag for flag in AgentFlag.objects.all()}
    chat, voice = flags["FEATURE_AGENT_CHAT"], flags["FEATURE_AGENT_VOICE"]
    vouchers = flags["FEATURE_AGENT_VOUCHERS"]
    kept = sorted(cohort.name for cohort in chat.cohorts.all())
    assert (chat.everyone, kept) == (None, ["beta", "smoke"])
    assert voice.everyone is False
    assert [c.name for c in vouchers.cohorts.all()] == ["beta"]
    assert FlagChange.objects.filter(reason="too early").count() == 3


def test_demote__first_stage__refused() -> None:
    with pytest.raises(InvalidChange, match="first stage"):
        stages.demote(reason="back", **ODETTE)


def test_demote__by_the_system__is_allowed() -> None:
    go("beta")
    stages.demote(reason="12 % fail", actor="evaluator", source="system")
    assert state() == ("smoke", "active")


def test_set__while_held__stage_moves_and_the_hold_stays() -> None:
    plan_state.hold(reason="look first", **ODETTE)
    go("smoke")
    assert state() == ("smoke", "held")
    assert plans.current().state_reason == "look first"


def test_hold__twice__is_one(time: Fake) -> None:
    # Given
    plan_state.hold(reason="look first", **ODETTE)
    since = time.at
    time.advance(hours=1)

    # When
    again = plan_state.hold(reason="still", **ODETTE)

    # Then
    assert again is None
    plan = plans.current()
    assert (plan.state_since, plan.state_reason) == (since, "look first")


def test_hold__rolled_back__refused() -> None:
    rollback_quick(reason="outage", **ODETTE)
    with pytest.raises(WrongState):
        plan_state.hold(reason="look", **ODETTE)
    assert state() == ("infrastructure", "rolled_back")


def test_release__own_hold__back_to_active() -> None:
    plan_state.hold(reason="slow", actor="evaluator", source="system")
    plan_state.release(reason="calm", actor="evaluator", source="system")
    assert state() == ("infrastructure", "active")


def test_release__system_and_a_persons_hold__stays_held() -> None:
    plan_state.hold(reason="look first", **ODETTE)
    done = plan_state.release(reason="calm", actor="evaluator", source="system")
    assert done is None
    assert state()[1] == "held"
    plan_state.release(reason="looked", **ODETTE)
    assert state()[1] == "active"


def test_release__not_held__refused() -> None:
    with pytest.raises(WrongState):
        plan_state.release(reason="calm", **ODETTE)


def test_stay__clock_gone_backwards__ends_no_sooner_than_it_began(time: Fake) -> None:
    # Given
    began_at = time.at
    time.advance(days=-2)

    # When
    go("smoke")

    # Then
    first = StageRun.objects.get(stage="infrastructure")
    assert first.exited_at == began_at
    assert StageRun.objects.get(exited_at=None).entered_at == began_at


def test_gates__thirty_days_of_nothing__do_not_advance(time: Fake) -> None:
    time.advance(days=30)
    assert plan_state.settle() is None
    assert state() == ("infrastructure", "active")
    assert timedelta(0) < clock.now() - StageRun.objects.get().entered_at
