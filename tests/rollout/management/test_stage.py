from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from rollout.models import Override, PlanChange, Waiver
from rollout.plan import plan as plans
from rollout.policy.gates import Gate, GateVerdict
from rollout.policy.stages import GateName
from rollout.stages import stages
from tests.rollout.plan_cases import go

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db
BY = ("--reason", "a test", "--by", "Odette")


def run(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*arguments: str) -> tuple[str, str]:
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*arguments, stdout=out)
    assert error.value.returncode == 1
    return out.getvalue(), str(error.value)


def state() -> tuple[str, str]:
    plan = plans.current()
    return plan.run.stage, plan.state


def test_stage__fresh_installation__tells_stage_state_and_each_gate() -> None:
    told, _ = run("stage")
    assert told.startswith("stage   infrastructure, ")
    assert "state   active since " in told
    for gate in ("state", "preflight", "incidents", "checklist", "contacts"):
        assert f" {gate} " in told
    assert "no data  preflight" in told


def test_stage_advance__gates_unmet__exit_1_and_every_unmet_gate() -> None:
    told, said = refused("stage", "advance", *BY)
    assert "Stage infrastructure cannot be left yet" in said
    unmet = [gate for gate in stages.gates_now() if not gate.is_met]
    assert len(told.splitlines()) == len(unmet) > 0
    for gate in unmet:
        assert gate.sentence in told
    assert " state " not in told


def test_stage_advance__gates_met__goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    met = Gate(GateName.STATE, "State", GateVerdict.MET, "active", "active")
    monkeypatch.setattr(stages, "gates_now", lambda _plan=None: [met])
    told, _ = run("stage", "advance", *BY)
    assert told == "Stage smoke (was infrastructure); active.\n"
    assert PlanChange.objects.latest("id").actor == "Odette"


@pytest.mark.parametrize(
    "arguments",
    [
        ("stage", "advance"),
        ("stage", "set", "beta", "--override"),
        ("stage", "advance", "--reason", " "),
        ("stage", "set", "gamma", "--override", *BY),
        ("rollout", "waive", "pii", *BY),
        ("rollout", "approve", "77", "--by", "Grace"),
        ("rollout", "release", *BY),
        ("rollout", "override", "--hours", "25", *BY),
    ],
)
def test_commands__nonsense__one_clear_sentence(arguments: tuple[str, ...]) -> None:
    _, said = refused(*arguments)
    assert said
    assert state() == ("infrastructure", "active")


def test_stage_set__without_override__refused_up_and_allowed_back() -> None:
    _, said = refused("stage", "set", "beta", *BY)
    assert "--override" in said
    run("stage", "set", "production", "--override", *BY)
    assert state() == ("production", "active")
    told, _ = run("stage", "set", "smoke", *BY)
    assert told == "Stage smoke (was production); active.\n"


def test_flags_set__wider_than_the_stage__on_with_a_warning() -> None:
    told, warned = run("flags", "set", "FEATURE_AGENT_CHAT=on", *BY)
    assert "FEATURE_AGENT_CHAT" in told
    assert warned == (
        "Warning: FEATURE_AGENT_CHAT is on for everyone;"
        " stage infrastructure serves no one yet.\n"
    )
    assert "Warning: FEATURE_AGENT_CHAT" in run("stage")[0]
    run("stage", "set", "production", "--override", *BY)
    _, warned = run("flags", "set", "FEATURE_AGENT_VOICE=on", *BY)
    assert warned == ""


def test_flags_set__after_a_rollback__refused_unless_override(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    run("rollback", "quick", *BY)

    # When
    _, said = refused("flags", "set", "FEATURE_AGENT_CHAT=on", *BY)
    told, _ = run("flags", "set", "FEATURE_AGENT_CHAT=on", "--override", *BY)

    # Then
    assert "is open" in said
    assert "pre-flight" in said
    assert "smoke" in said
    assert said.endswith("Or say --override.")
    assert "on " in told.splitlines()[0]


def test_rollout__its_verbs__move_the_plan() -> None:
    run("rollout", "hold", *BY)
    assert state() == ("infrastructure", "held")
    assert (
        run("rollout", "hold", *BY)[0] == "Nothing changed: this is already the case.\n"
    )
    run("rollout", "release", *BY)
    go("beta")
    assert run("rollout", "demote", *BY)[0] == "Stage smoke, active.\n"
    told, said = refused("rollout", "promote", *BY)
    assert "not met  Pre-flight: never run" in told
    assert "cannot be left yet" in said
    run("rollout", "freeze", *BY)
    assert state() == ("smoke", "frozen")
    told, said = refused("rollout", "resume", *BY)
    assert "No second person has agreed." in told
    assert said == "The plan cannot resume yet."
    assert "To go on (`rollout resume`):" in run("rollout", "status")[0]


def test_rollout_waive__asked_and_approved__by_two() -> None:
    go("smoke")
    run("rollout", "waive", "dwell", "--days", "2", *BY)
    number = str(Waiver.objects.get().pk)
    assert f"rollout approve {number}" in run("stage")[0]
    _, said = refused("rollout", "approve", number, "--by", "Odette")
    assert said == "The person who asks cannot approve."
    run("rollout", "approve", number, "--by", "Grace")
    assert "waived   dwell" in run("stage")[0]


def test_rollout_override__begun_and_ended__shown_while_it_lasts() -> None:
    run("rollout", "override", "--hours", "2", *BY)
    assert "Odette holds automatic rollbacks back" in run("rollout", "status")[0]
    run("rollout", "end-override", str(Override.objects.get().pk), "--by", "Grace")
    assert "holds automatic rollbacks back" not in run("rollout", "status")[0]


@pytest.mark.parametrize(
    "command", [("stage", "--json"), ("rollout", "status", "--json")]
)
def test_status__json__tells_programs_the_same(command: tuple[str, ...]) -> None:
    run("rollback", "quick", *BY)
    told = json.loads(run(*command)[0])
    assert (told["stage"], told["state"], told["next"]) == (
        "infrastructure",
        "rolled_back",
        "smoke",
    )
    assert told["may_advance"] is False
    assert told["gates"][0]["name"] == "state"
    assert {need["name"] for need in told["to_resume"]} >= {"mitigated", "root_cause"}
    assert len(told["features"]) == 4
