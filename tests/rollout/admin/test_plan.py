from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from rollout.models import Override, PlanChange, Waiver
from rollout.plan import plan as plans
from rollout.stages import stages, waivers
from rollout.stages.rollback import rollback_quick
from tests.rollout.conftest import person
from tests.rollout.plan_cases import ODETTE, go

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
LISTS = ["plan", "planchange", "stagerun", "gateresult", "waiver", "override"]


def state() -> tuple[str, str]:
    plan = plans.current()
    return plan.run.stage, plan.state


def press(client: Client, name: str, verb: str, *args: object, **asked: object) -> Any:
    url = reverse(f"admin:rollout_{name}_{verb}", args=args)
    return client.post(url, {"key": uuid.uuid4(), **asked}, follow=True)


@pytest.fixture
def _rows() -> None:
    go("smoke")
    with pytest.raises(Exception, match="cannot be left yet"):
        stages.advance(reason="on", **ODETTE)
    waivers.ask_for_waiver(gate="dwell", reason="a small town", actor="odette")
    waivers.begin_override(reason="a known fault", actor="odette", hours=2)


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("model", LISTS)
def test_list__viewer__sees_rows_and_their_page(pascal: Client, model: str) -> None:
    page = pascal.get(reverse(f"admin:rollout_{model}_changelist"), {"q": "e"})
    rows = pascal.get(reverse(f"admin:rollout_{model}_changelist"))
    row = rows.context["cl"].queryset.first()
    detail = pascal.get(reverse(f"admin:rollout_{model}_change", args=[row.pk]))
    assert (page.status_code, rows.status_code, detail.status_code) == (200, 200, 200)


def test_plan__its_page__shows_every_gate_and_what_resuming_takes(
    odette: Client,
) -> None:
    rollback_quick(reason="outage", **ODETTE)
    page = odette.get(reverse("admin:rollout_plan_change", args=[1])).content.decode()
    assert "Pre-flight: never run" in page
    assert "names no root cause" in page


def test_advance__gates_unmet__names_each_on_the_page(odette: Client) -> None:
    page = press(odette, "plan", "advance", reason="go").content.decode()
    assert "cannot be left yet" in page
    assert "Pre-flight: never run" in page
    assert state() == ("infrastructure", "active")


def test_set_stage__override__goes_and_is_written_down(odette: Client) -> None:
    refused = press(odette, "plan", "set_stage", stage="beta", reason="go")
    assert "passes by the gates" in refused.content.decode()

    press(odette, "plan", "set_stage", stage="beta", reason="go", override="on")

    assert state() == ("beta", "active")
    change = PlanChange.objects.latest("id")
    assert (change.actor, change.source, change.override) == ("odette", "admin", True)


def test_moves__one_after_the_other__each_as_its_button_says(odette: Client) -> None:
    go("beta")
    press(odette, "plan", "hold", reason="look first")
    assert state() == ("beta", "held")
    press(odette, "plan", "release", reason="looked")
    assert state() == ("beta", "active")
    press(odette, "plan", "demote", reason="too early")
    assert state() == ("smoke", "active")
    press(odette, "plan", "freeze", reason="a drill")
    assert state() == ("smoke", "frozen")
    page = press(odette, "plan", "resume", reason="over").content.decode()
    assert "No second person has agreed" in page


@pytest.mark.parametrize("verb", ["advance", "hold", "demote", "set_stage", "freeze"])
def test_moves__viewer__refused(pascal: Client, verb: str) -> None:
    answer = press(pascal, "plan", verb, reason="go", stage="beta")
    assert answer.status_code == 403
    assert state() == ("infrastructure", "active")


def test_waiver__asked_and_approved__takes_two_people(
    odette: Client, client: Client
) -> None:
    # Given
    go("smoke")
    press(odette, "plan", "waive", gate="dwell", days=3, reason="a small town")
    waiver = Waiver.objects.get()

    # When
    own = press(odette, "waiver", "approve", waiver.pk).content.decode()
    client.force_login(person("grace", "operator"))
    press(client, "waiver", "approve", waiver.pk)

    # Then
    assert "The person who asks cannot approve." in own
    waiver.refresh_from_db()
    assert (waiver.asked_by, waiver.approved_by) == ("odette", "grace")


def test_override__begun_and_ended__by_their_buttons(odette: Client) -> None:
    press(odette, "override", "begin", hours=3, reason="a known fault")
    override = Override.objects.get()
    assert waivers.active_overrides().exists() is True
    press(odette, "override", "end", override.pk)
    assert waivers.active_overrides().exists() is False


def test_flag__after_a_rollback__comes_on_by_the_box_only(odette: Client) -> None:
    # Given
    rollback_quick(reason="outage", **ODETTE)

    # When
    refused = press(odette, "agentflag", "turn_on", 1, reason="again")
    done = press(odette, "agentflag", "turn_on", 1, reason="I know", override="on")

    # Then
    assert "nothing is turned on yet" in refused.content.decode()
    assert "stage infrastructure serves no one yet" in done.content.decode()
    assert state()[1] == "recovery"
