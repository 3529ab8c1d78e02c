"""A freeze ends by the operations of an operator, not by rows written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.core.errors import PlanFrozen, ResumeRequirementsUnmet
from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.flags.flags import set_features
from rollout.incidents import incidents
from rollout.models import Incident
from rollout.plan import plan as plans
from rollout.stages import plan_state, waivers
from rollout.stages.rollback import freeze
from tests.rollout.plan_cases import ODETTE, Fake, checked, go

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]
CHAT_ON = {Feature.CHAT: True}


def try_again() -> None:
    """Turn the features on for the smoke tests."""
    set_features(CHAT_ON, cohorts=["smoke"], reason="the smoke tests", **ODETTE)


def agree(time: Fake) -> None:
    asked = waivers.ask_for_waiver(gate="resume", reason="all mended", actor="odette")
    waivers.approve_waiver(waiver=asked, actor="grace")
    time.advance(minutes=1)


def test_freeze__two_people_and_the_smoke_tests__is_back_under_watch(
    time: Fake, switch: Switch
) -> None:
    # Given
    go("production")
    switch(CHAT=True)
    freeze(reason="third time today", **ODETTE)
    incident = Incident.objects.get()
    time.advance(minutes=1)
    incidents.set_status(
        incident=incident, status="mitigated", reason="off", author="odette"
    )
    Incident.objects.update(root_cause="a missing index")
    checked("preflight")
    with pytest.raises(PlanFrozen):
        try_again()
    with pytest.raises(ResumeRequirementsUnmet) as refused:
        plan_state.resume(reason="on", **ODETTE)

    # When
    agree(time)
    plan_state.resume(reason="it is mended", **ODETTE)
    thawed = plans.current()
    with pytest.raises(ResumeRequirementsUnmet):
        set_features(CHAT_ON, reason="everyone", **ODETTE)
    try_again()
    with pytest.raises(ResumeRequirementsUnmet):
        plan_state.resume(reason="on", **ODETTE)
    checked("smoke")
    plan_state.resume(reason="it works", **ODETTE)

    # Then
    assert ["second person" in said for said in refused.value.unmet] == [True]
    assert (thawed.run.stage, thawed.state) == ("production", "rolled_back")
    plan = plans.current()
    assert (plan.run.stage, plan.state) == ("beta", "recovery")
    assert not exposure.is_on(Feature.CHAT, "a subject")
