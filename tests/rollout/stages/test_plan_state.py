"""What follows a rollback: mending, resuming, recovering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.core import clock
from rollout.core.errors import ResumeRequirementsUnmet, WrongState
from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.flags.flags import set_features
from rollout.models import (
    Incident,
    Observation,
    PlanChange,
    RollbackEvent,
)
from rollout.plan import plan as plans
from rollout.stages import plan_state, waivers
from rollout.stages.rollback import (
    freeze,
    restore,
    rollback_full,
    rollback_partial,
    rollback_quick,
)
from tests.rollout.plan_cases import ODETTE, Fake, go, mend

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]
CHAT_ON = {Feature.CHAT: True}


def state() -> tuple[str, str]:
    plan = plans.current()
    return plan.run.stage, plan.state


def understand() -> None:
    Incident.objects.update(root_cause="a missing index")


def talk(number: int, **changed: object) -> None:
    """Let real conversations have ended just now."""
    now = clock.now()
    start = Observation.objects.count()
    Observation.objects.bulk_create(
        Observation(
            **{
                "source_key": f"chat:{start + n}:1",
                "conversation_key": "k",
                "run": plans.current().run,
                "channel": "chat",
                "calls": 5,
                "turns": 3,
                "started_at": now,
                "finished_at": now,
            }
            | changed
        )
        for n in range(number)
    )


def test_quick__plan__is_rolled_back_in_the_same_story(switch: Switch) -> None:
    # Given
    go("production")
    switch(CHAT=True)

    # When
    rollback_quick(reason="half of it fails", **ODETTE)

    # Then
    plan = plans.current()
    assert state() == ("production", "rolled_back")
    assert plan.rollback == RollbackEvent.objects.get()
    assert plan.state_reason == "Quick rollback by odette: half of it fails"
    assert PlanChange.objects.latest("id").kind == "rolled_back"


def test_quick__again__moves_the_plan_no_more() -> None:
    rollback_quick(reason="one", **ODETTE)
    changes = PlanChange.objects.count()
    rollback_quick(reason="two", **ODETTE)
    assert PlanChange.objects.count() == changes
    assert plans.current().state_reason.endswith("one")


def test_partial_then_quick_then_partial__the_hardest_is_kept() -> None:
    rollback_partial(features=[Feature.VOICE], reason="slow", **ODETTE)
    rollback_quick(reason="worse", **ODETTE)
    rollback_partial(features=[Feature.CHAT], reason="also", **ODETTE)
    hardest = plans.current().rollback
    assert hardest is not None
    assert (hardest.kind, hardest.reason) == ("quick", "worse")


def test_full_then_restore__frozen_then_rolled_back() -> None:
    rollback_full(reason="a leak", **ODETTE)
    assert state()[1] == "frozen"
    restore(reason="found it", **ODETTE)
    assert state()[1] == "rolled_back"
    assert PlanChange.objects.latest("id").kind == "restored"


def test_resume__quick__asks_for_the_cause_and_turns_nothing_on(time: Fake) -> None:
    # Given
    go("beta")
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    mend()

    # When
    with pytest.raises(ResumeRequirementsUnmet) as refused:
        plan_state.resume(reason="on", **ODETTE)
    understand()
    change = plan_state.resume(reason="on", **ODETTE)

    # Then
    assert ["no root cause" in said for said in refused.value.unmet] == [True]
    assert change.kind == "resumed"
    assert state() == ("smoke", "recovery")
    assert exposure.is_on_for_anyone(Feature.CHAT) is False


def test_resume__partial__stays_in_its_stage(switch: Switch, time: Fake) -> None:
    # Given
    go("production")
    switch(CHAT=True, VOICE=True)
    rollback_partial(features=[Feature.VOICE], reason="slow", **ODETTE)
    time.advance(minutes=1)
    mend()
    understand()

    # When
    plan_state.resume(reason="on", **ODETTE)

    # Then
    assert state() == ("production", "recovery")
    assert exposure.is_on_for_everyone(Feature.CHAT) is True


@pytest.mark.parametrize("how", ["full", "freeze"])
def test_resume__full_or_frozen__takes_a_second_person(time: Fake, how: str) -> None:
    # Given
    go("production")
    if how == "full":
        rollback_full(reason="a leak", **ODETTE)
        restore(reason="found it", **ODETTE)
    else:
        freeze(reason="third time", **ODETTE)
    time.advance(minutes=1)
    mend()
    understand()

    # When
    with pytest.raises(ResumeRequirementsUnmet) as refused:
        plan_state.resume(reason="on", **ODETTE)
    asked = waivers.ask_for_waiver(gate="resume", reason="all mended", actor="odette")
    waivers.approve_waiver(waiver=asked, actor="grace")
    time.advance(minutes=1)
    plan_state.resume(reason="on", **ODETTE)

    # Then
    assert "second person" in refused.value.unmet[0]
    assert state() == ("smoke" if how == "full" else "beta", "recovery")


def test_resume__functions_taken_away__refused(time: Fake) -> None:
    rollback_full(reason="a leak", **ODETTE)
    time.advance(minutes=1)
    mend()
    understand()
    asked = waivers.ask_for_waiver(gate="resume", reason="all mended", actor="odette")
    waivers.approve_waiver(waiver=asked, actor="grace")
    with pytest.raises(ResumeRequirementsUnmet) as refused:
        plan_state.resume(reason="on", **ODETTE)
    assert "rollback restore" in refused.value.unmet[0]


def test_resume__nothing_rolled_back__refused() -> None:
    with pytest.raises(WrongState):
        plan_state.resume(reason="on", **ODETTE)


def recovering(time: Fake) -> None:
    go("beta")
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    set_features(CHAT_ON, reason="mended", override=True, **ODETTE)
    Incident.objects.update(status="mitigated", mitigated_at=time.at)
    assert state()[1] == "recovery"


def test_recovery__two_hours_and_thirty_clean__is_over(time: Fake) -> None:
    # Given
    recovering(time)
    time.advance(hours=1, minutes=59)
    talk(30)
    assert plan_state.settle() is None

    # When
    time.advance(minutes=1)
    change = plan_state.settle()

    # Then
    assert change is not None
    assert (change.kind, change.actor) == ("recovered", "system")
    assert "30 of 30 clean" in change.reason
    assert state()[1] == "active"
    assert plan_state.settle() is None


@pytest.mark.parametrize(
    "spoilt", [{"failed": 1}, {"outcome": "failed"}, {"is_synthetic": True}]
)
def test_recovery__thirtieth_conversation_not_clean__goes_on(
    time: Fake, spoilt: dict[str, object]
) -> None:
    recovering(time)
    time.advance(hours=9)
    talk(29)
    talk(1, **spoilt)
    assert plan_state.settle() is None
    assert state()[1] == "recovery"


def test_recovery__open_incident__goes_on(time: Fake) -> None:
    recovering(time)
    time.advance(hours=3)
    talk(30)
    Incident.objects.update(status="open", mitigated_at=None)
    assert plan_state.settle() is None


def test_recovery__held_and_released__is_recovery_again(time: Fake) -> None:
    recovering(time)
    plan_state.hold(reason="look", **ODETTE)
    plan_state.release(reason="looked", **ODETTE)
    assert state()[1] == "recovery"


def test_settle__clock_gone_backwards_since__rolls_nothing_back_again(
    time: Fake,
) -> None:
    # Given
    time.advance(days=365 * 20)
    rollback_quick(reason="outage", **ODETTE)
    rollback_quick(reason="still", **ODETTE)
    time.advance(days=-1)
    set_features(CHAT_ON, reason="mended", override=True, **ODETTE)

    # When
    change = plan_state.settle()

    # Then
    assert change is None
    assert state()[1] == "recovery"


def test_settle__rollback_from_before_there_was_a_plan__is_left_alone(
    time: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_state, "enter_rolled_back", lambda *_a, **_k: False)
    rollback_quick(reason="long ago", **ODETTE)
    assert plan_state.settle() is None
    assert state()[1] == "active"
    time.advance(days=365 * 20)
    rollback_quick(reason="now", **ODETTE)
    assert plan_state.settle() is not None
    assert state()[1] == "rolled_back"
