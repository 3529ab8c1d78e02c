from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.urls import reverse

from rollout.incidents import incidents
from rollout.models import Incident, Override, PlanChange, Waiver
from rollout.plan import plan as plans
from rollout.policy.gate_figures import GateVerdict
from rollout.policy.gates import Gate
from rollout.policy.stages import GateName
from rollout.stages import plan_state, stages, waivers
from rollout.stages.rollback import freeze, rollback_quick
from tests.rollout.conftest import person
from tests.rollout.plan_cases import ODETTE, go, mend

if TYPE_CHECKING:
    from collections.abc import Callable

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


MOVES = ("advance", "hold", "release", "demote", "resume", "set", "waive", "freeze")


def offered(client: Client) -> set[str]:
    page = client.get(reverse("admin:rollout_plan_changelist")).content.decode()
    return {move for move in MOVES if f'href="/admin/rollout/plan/{move}/"' in page}


def rolled_back() -> None:
    rollback_quick(reason="outage", **ODETTE)


def mended() -> None:
    rolled_back()
    mend()
    incident = Incident.objects.get()
    incidents.write_lessons(incident=incident, author="odette", root_cause="A typo.")


def recovering() -> None:
    mended()
    plan_state.resume(reason="over", **ODETTE)


def frozen() -> None:
    freeze(reason="a drill", **ODETTE)


def held() -> None:
    plan_state.hold(reason="look first", **ODETTE)


STATES: dict[Callable[[], None], set[str]] = {
    lambda: None: {"hold"},
    held: {"release"},
    rolled_back: set(),
    mended: {"resume"},
    recovering: {"hold"},
    frozen: set(),
}


@pytest.mark.parametrize("stage", ["infrastructure", "beta", "production"])
@pytest.mark.parametrize("is_met", [True, False])
def test_stage_page__any_state__offers_exactly_the_legal_moves(
    stage: str, is_met: bool, odette: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    if stage != "infrastructure":
        go(stage)
    verdict = GateVerdict.MET if is_met else GateVerdict.FAIL
    gate = Gate(GateName.VOLUME, "Volume", verdict, "3 conversations", "50")
    monkeypatch.setattr(stages, "gates_now", lambda *_: [gate])

    for prepare, expected in STATES.items():
        with transaction.atomic():
            prepare()
            here, now = state()
            legal = expected | {"set"} | ({"freeze"} if now != "frozen" else set())
            legal |= {"advance"} if is_met and here != "production" else set()
            legal |= {"demote"} if here != "infrastructure" else set()

            # When
            page = odette.get(reverse("admin:rollout_plan_changelist")).content.decode()

            # Then
            assert offered(odette) - {"waive"} == legal, (here, now)
            is_down = now in {"rolled_back", "frozen"}
            assert (
                reverse("restore") + '">' in page.split("result_list")[-1]
            ) == is_down
            if not is_met and not is_down and now != "held" and here != "production":
                assert "Volume: 3 conversations" in page
            form = odette.get(reverse("admin:rollout_plan_set_stage")).content.decode()
            assert f'value="{here}"' not in form
            for name in {"advance", "resume"} - legal:
                url = reverse(f"admin:rollout_plan_{name}")
                assert "This is not possible now" in odette.get(url).content.decode()
            transaction.set_rollback(True)
