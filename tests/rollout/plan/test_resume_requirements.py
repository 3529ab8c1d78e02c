"""What has to be mended before anything is turned on after a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout.core.errors import PlanFrozen, ResumeRequirementsUnmet
from rollout.core.features import Feature
from rollout.flags import cohorts, exposure
from rollout.flags.flags import set_features
from rollout.models import (
    FlagChange,
    Incident,
    Notice,
    PlanChange,
)
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.stages.rollback import freeze, rollback_quick
from tests.rollout.plan_cases import ODETTE, Fake, checked, go, mend

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("time")]
CHAT_ON = {Feature.CHAT: True}


def state() -> tuple[str, str]:
    plan = plans.current()
    return plan.run.stage, plan.state


def test_turn_on__not_mended__refused_naming_each_need(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    rollback_quick(reason="outage", **ODETTE)
    number = Incident.objects.get().pk
    changes = FlagChange.objects.count()

    # When
    with pytest.raises(ResumeRequirementsUnmet) as refused:
        set_features(CHAT_ON, reason="again", **ODETTE)

    # Then
    assert refused.value.unmet == (
        f"Incident {number} is open."
        f" Run `python manage.py incident mitigate {number}`, once the harm has stopped.",
        "The pre-flight has not been run since. Run `python manage.py preflight`.",
        "The smoke tests have not been run since. Turn the features on for the sandbox people only"
        " (`python manage.py flags set … --cohort smoke`), then run"
        " `python manage.py smoke`.",
    )
    assert FlagChange.objects.count() == changes
    assert state()[1] == "rolled_back"


@pytest.mark.parametrize(
    "missing", ["incident", "preflight", "smoke", "stale", "failed"]
)
def test_turn_on__one_thing_missing__refused(time: Fake, missing: str) -> None:
    # Given
    if missing == "stale":
        mend()
    time.advance(minutes=1)
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    if missing != "incident":
        Incident.objects.update(status="mitigated", mitigated_at=time.at)
    if missing not in {"preflight", "stale"}:
        checked("preflight")
    if missing not in {"smoke", "stale"}:
        checked("smoke")
    if missing == "failed":
        checked("smoke", passed=False)

    # Then
    with pytest.raises(ResumeRequirementsUnmet):
        set_features(CHAT_ON, reason="again", **ODETTE)
    assert exposure.is_on_for_anyone(Feature.CHAT) is False


def test_turn_on__mended__on_and_recovery_begins_one_stage_lower(time: Fake) -> None:
    # Given
    go("production")
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    mend()

    # When
    changed = set_features(CHAT_ON, reason="mended", **ODETTE)

    # Then
    assert exposure.is_on_for_everyone(Feature.CHAT) is True
    assert changed.changes[0].override is False
    assert state() == ("beta", "recovery")
    assert plans.current().rollback is None


def test_turn_on__override__on_written_down_and_told() -> None:
    # Given
    rollback_quick(reason="outage", **ODETTE)

    # When
    changed = set_features(CHAT_ON, reason="I know", override=True, **ODETTE)

    # Then
    assert changed.changes[0].override is True
    assert state()[1] == "recovery"
    change = PlanChange.objects.latest("id")
    assert (change.kind, change.override, change.reason) == ("resumed", True, "I know")
    told = Notice.objects.get(text__contains="by override").text
    assert "FEATURE_AGENT_CHAT" in told
    assert "is open" in told


def test_turn_off__rolled_back__is_always_allowed() -> None:
    rollback_quick(reason="outage", **ODETTE)
    set_features({Feature.CHAT: False}, reason="off", **ODETTE)
    assert state()[1] == "rolled_back"


def test_turn_on__sandbox_people_only__allowed_to_make_the_smoke_tests(
    time: Fake,
) -> None:
    # Given
    for name in ("smoke", "beta"):
        cohorts.make_cohort(name=name)
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    Incident.objects.update(status="mitigated", mitigated_at=time.at)
    checked("preflight")

    # When
    for wider in ({"cohorts": ["smoke", "beta"]}, {"cohorts": ["smoke"], "percent": 5}):
        with pytest.raises(ResumeRequirementsUnmet):
            set_features(CHAT_ON, reason="try", **ODETTE, **wider)  # type: ignore[arg-type]
    set_features(CHAT_ON, reason="try", cohorts=["smoke"], **ODETTE)

    # Then
    assert state()[1] == "rolled_back"


def test_turn_on__sandbox_people_and_incident_open__refused() -> None:
    cohorts.make_cohort(name="smoke")
    rollback_quick(reason="outage", **ODETTE)
    with pytest.raises(ResumeRequirementsUnmet):
        set_features(CHAT_ON, reason="try", cohorts=["smoke"], **ODETTE)


def test_freeze__override__turns_nothing_on(switch: Switch) -> None:
    # Given
    switch(CHAT=True)

    # When
    freeze(reason="third time today", **ODETTE)

    # Then
    assert state()[1] == "frozen"
    with pytest.raises(PlanFrozen):
        set_features(CHAT_ON, reason="I know", override=True, **ODETTE)
    assert exposure.is_on_for_anyone(Feature.CHAT) is False


def test_needs__mended__are_sentences_too(time: Fake) -> None:
    rollback_quick(reason="outage", **ODETTE)
    time.advance(minutes=1)
    mend()
    assert [
        need.sentence for need in resume_requirements.requirements_to_turn_on()
    ] == [
        "Its incident is mitigated.",
        "The pre-flight has passed since.",
        "The smoke tests have passed since.",
    ]
