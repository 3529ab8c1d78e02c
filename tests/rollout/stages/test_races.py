"""Two operators at once: one goes up, the other rolls back."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, connections, transaction

from rollout import locks
from rollout.core import change_reason
from rollout.core.errors import GatesUnmet, RolloutError
from rollout.models import AgentFlag, Plan, PlanChange, StageRun
from rollout.plan import plan as plans
from rollout.policy.gates import Gate, GateVerdict
from rollout.policy.stages import GateName, State
from rollout.stages import plan_state, rollback, stages
from tests.rollout.plan_cases import ODETTE, go

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rollout.conftest import Switch

ROUNDS = 5
# A control ends with the first round that shows the failure.
MOST_ROUNDS = 200


@pytest.fixture
def only_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every gate be met except the one of the plan's state."""

    def gates(plan: Plan) -> list[Gate]:
        # Long enough for another transaction to come in between.
        time.sleep(0.1)
        met = plan.state == State.ACTIVE
        verdict = GateVerdict.MET if met else GateVerdict.FAIL
        return [Gate(GateName.STATE, "State", verdict, plan.state, "active")]

    monkeypatch.setattr(stages, "gates_now", gates)


def together(*calls: Callable[[], object]) -> list[BaseException]:
    """Call all at once; return what they raised."""
    barrier = threading.Barrier(len(calls))
    raised: list[BaseException] = []

    def call(one: Callable[[], object]) -> None:
        barrier.wait(60)
        try:
            one()
        except (RolloutError, DatabaseError) as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=[one]) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return raised


def advance() -> object:
    return stages.advance(reason="all green", **ODETTE)


def roll_back() -> object:
    return rollback.turn_all_off(reason="outage", actor="pascal", source="cli")


def begin_again() -> None:
    """Put the plan back to an active smoke stage with a feature on."""
    from_here = plans.current()
    if from_here.state in plans.DOWN:
        with transaction.atomic():
            locks.lock_flags()
            plan = locks.lock_plan()
            said = change_reason.ChangeReason("odette", "again", "cli", override=True)
            for kind, state in (("resumed", "recovery"), ("recovered", "active")):
                move = plans.PlanMove(plans.Kind(kind), State(state), "again")
                plans.move_plan(plan, move, said)
    if plans.current().run.stage != "smoke":
        go("smoke")


@pytest.mark.usefixtures("committed_db", "only_the_state")
def test_advance_and_roll_back__at_once__all_off_and_rolled_back(
    switch: Switch,
) -> None:
    for _ in range(ROUNDS):
        # Given
        begin_again()
        switch(CHAT=True)

        # When
        raised = together(advance, roll_back)

        # Then
        plan = plans.current()
        assert plan.state == "rolled_back"
        assert AgentFlag.objects.exclude(everyone=False).exists() is False
        assert all(isinstance(error, GatesUnmet) for error in raised)
        assert plan.run.stage == ("smoke" if raised else "beta")
        assert StageRun.objects.filter(exited_at=None).count() == 1


@pytest.mark.usefixtures("committed_db", "only_the_state")
def test_advance_and_roll_back__without_the_locks__the_database_has_to_refuse(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(locks, "lock_plan", plans.current)
    monkeypatch.setattr(locks, "lock_flags", lambda: 0)

    def goes_wrong() -> bool:
        begin_again()
        switch(CHAT=True)
        raised = together(advance, roll_back)
        behind = plans.current().state != "rolled_back"
        return behind or any(isinstance(e, DatabaseError) for e in raised)

    # Then
    assert any(goes_wrong() for _ in range(MOST_ROUNDS))


@pytest.fixture
def only_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every gate be met in smoke, and none right after leaving it."""

    def gates(plan: Plan) -> list[Gate]:
        # Long enough for another transaction to come in between.
        time.sleep(0.1)
        verdict = GateVerdict.MET if plan.run.stage == "smoke" else GateVerdict.FAIL
        return [Gate(GateName.STATE, "State", verdict, plan.run.stage, "smoke")]

    monkeypatch.setattr(stages, "gates_now", gates)


@pytest.mark.usefixtures("committed_db", "only_the_stage")
def test_advance__two_operators__one_step() -> None:
    # Given
    go("smoke")
    steps = PlanChange.objects.filter(kind="advanced").count()

    # When
    raised = together(advance, advance)

    # Then
    assert plans.current().run.stage == "beta"
    assert PlanChange.objects.filter(kind="advanced").count() == steps + 1
    assert [type(error) for error in raised] == [GatesUnmet]


@pytest.mark.usefixtures("committed_db")
def test_roll_back__somebody_sits_on_the_plan__all_off_all_the_same(
    switch: Switch,
) -> None:
    # Given
    switch(CHAT=True)
    sits, leave = threading.Event(), threading.Event()

    def sit() -> None:
        with transaction.atomic():
            Plan.objects.select_for_update().get()
            sits.set()
            leave.wait(250)
        connections.close_all()

    thread = threading.Thread(target=sit)
    thread.start()
    assert sits.wait(60)

    # When
    try:
        done = roll_back()
        assert AgentFlag.objects.exclude(everyone=False).exists() is False
        assert plans.current().state == "active"
    finally:
        leave.set()
        thread.join()
    plan_state.settle()

    # Then
    assert done is not None
    plan = plans.current()
    assert (plan.state, plan.state_reason) == (
        "rolled_back",
        "Quick rollback by pascal: outage",
    )
    assert plan_state.settle() is None
