from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rollout.core import clock
from rollout.core.ports import PreviousWorkflow, ports
from rollout.dashboard import external
from rollout.dashboard.data import read_dashboard
from rollout.dashboard.state import BAD, GOOD, QUIET, WARN
from rollout.incidents import incidents
from rollout.models import (
    Epoch,
    Evaluation,
    Incident,
    Override,
    ServingProcess,
    StageRun,
)
from rollout.stages import plan_state
from rollout.stages.rollback import rollback_full, turn_all_off

if TYPE_CHECKING:
    from django.test import Client

    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


def process(
    *, behind: int = 0, quiet_s: float = 1, pid: int = 7, later: bool = False
) -> ServingProcess:
    """Let a process have taken in the epoch, or not, or be silent, or begin later."""
    epoch = Epoch.objects.get()
    return ServingProcess.objects.create(
        id=uuid.uuid4(),
        host="one",
        pid=pid,
        role="web",
        version_seen=epoch.version - behind,
        acknowledged_at=epoch.changed_at
        + (timedelta(hours=1) if later else timedelta(milliseconds=38)),
        began_at=epoch.changed_at + timedelta(minutes=59 if later else -1),
        seen_at=timezone.now() - timedelta(seconds=quiet_s),
    )


def test_propagation__all_have_it__says_how_many_and_how_fast(switch: Switch) -> None:
    switch(CHAT=True)
    for pid in range(8):
        process(pid=pid)
    # With its start: no reply waited an hour for it.
    process(pid=9, later=True)

    spread = read_dashboard().propagation

    version = Epoch.objects.get().version
    assert spread.sentence == f"v{version} acknowledged by 9 of 9 processes in 38 ms"
    assert spread.is_complete


def test_propagation__one_behind_and_one_silent__both_stand_out(switch: Switch) -> None:
    switch(CHAT=True)
    process(pid=1)
    process(pid=2, behind=1)
    process(pid=3, quiet_s=120)
    process(pid=4, quiet_s=3_600)

    spread = read_dashboard().propagation

    assert [each.is_well for each in spread.processes] == [True, False, False]
    assert spread.processes[1].words.startswith("still at v")
    assert spread.processes[2].words.startswith("silent for 2 min")
    assert not spread.is_complete
    assert "1 process is silent" in read_dashboard().attention


def hold() -> None:
    """Put the plan on hold."""
    plan_state.hold(reason="test", actor="odette", source="cli")


def judged(**verdict: object) -> Evaluation:
    """Record an evaluation of this moment."""
    found = {"guardrail": "success", "channel": "chat", "level": "ok", **verdict}
    return Evaluation.objects.create(
        verdicts=[found], action="none", severity="low", because="All guardrails hold."
    )


def test_state__nothing_on__is_quiet() -> None:
    assert read_dashboard().standing.tone == QUIET


def test_state__held__warns_and_says_what_that_means() -> None:
    hold()

    found = read_dashboard().standing

    assert found.tone == WARN
    assert "does not advance" in found.next_step


@pytest.mark.parametrize(("level", "tone"), [("warn", WARN), ("breach", BAD)])
def test_state__a_guardrail_gives_way__is_told_in_the_banner(
    level: str, tone: str
) -> None:
    judged(level=level)

    found = read_dashboard()

    assert found.standing.tone == tone
    assert found.attention[0].startswith("Success on chat: ")


def test_state__on_and_nobody_judges__warns(switch: Switch) -> None:
    switch(CHAT=True)

    assert read_dashboard().standing.tone == WARN
    assert (
        "Nothing was evaluated yet: is a worker running?" in read_dashboard().attention
    )


def test_state__on_and_well__is_good_and_names_who_is_served(
    switch: Switch,
) -> None:
    switch(CHAT=True, VOUCHERS=True)
    switch(VOICE=True, percent=10)
    judged()

    found = read_dashboard().standing

    assert found.tone == GOOD
    assert found.exposure == (
        "Chat and Vouchers on for everyone; Voice on for some; Customer lookup off."
    )


def test_state__rolled_back__is_bad_until_the_incident_is_mitigated(
    switch: Switch,
) -> None:
    # Given
    switch(CHAT=True)
    judged()
    turn_all_off(reason="trouble", actor="odette", source="cli")

    # Then
    assert read_dashboard().standing.tone == BAD
    assert read_dashboard().attention == (
        "1 incident not resolved: Quick rollback: trouble",
    )

    # When
    incidents.set_status(
        incident=Incident.objects.get(),
        status="mitigated",
        reason="everything is off",
        author="odette",
    )

    # Then
    assert read_dashboard().standing.tone in {WARN, BAD}


def test_state__full_rollback__says_that_the_functions_are_gone() -> None:
    rollback_full(reason="trouble", actor="odette", source="cli")

    found = read_dashboard().standing

    assert found.tone == BAD
    assert "functions are disabled" in found.exposure


def test_state__time_in_stage__comes_from_the_injected_clock() -> None:
    entered_at = StageRun.objects.get().entered_at
    later = entered_at + timedelta(days=2, hours=4, minutes=1)

    class Later:
        def now(self) -> datetime:
            return later

    with clock.use(Later()):
        assert read_dashboard().standing.time_in_stage.startswith("2 d 4 h")


def test_state__rollback_held_back__says_by_whom_and_how_long() -> None:
    Override.objects.create(
        reason="the figures are wrong",
        by="odette",
        expires_at=timezone.now() + timedelta(hours=2, minutes=1),
    )

    assert read_dashboard().standing.hold == (
        "odette suspends automatic rollback for 2 h: the figures are wrong"
    )


NOW = timezone.now()


@pytest.mark.parametrize(
    ("found", "tone"),
    [
        (None, "none"),
        (PreviousWorkflow(0, None, "", None, None), "none"),
        (PreviousWorkflow(0, None, "", None, NOW), "good"),
        (PreviousWorkflow(3, 30.0, "", None, NOW), "good"),
        (PreviousWorkflow(3, 900.0, "", None, NOW), "bad"),
        (PreviousWorkflow(0, None, "http_500", NOW, NOW - timedelta(hours=1)), "bad"),
    ],
)
def test_previous_workflow__failing_late_or_never_asked__is_never_green(
    monkeypatch: pytest.MonkeyPatch, found: PreviousWorkflow | None, tone: str
) -> None:
    monkeypatch.setattr(ports, "previous_workflow", lambda: found)

    assert external.previous_workflow_state().tone == tone


def test_previous_workflow__nobody_filled_the_port__is_told_as_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "previous_workflow", None)

    assert external.previous_workflow_state() == external.not_configured()


def test_page__more_of_everything__same_number_of_queries(
    odette: Client, switch: Switch
) -> None:
    # Given
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert odette.get("/admin/?page=room").status_code == 200
        return len(captured)

    switch(CHAT=True)
    turn_all_off(reason="trouble", actor="odette", source="cli")
    process()
    queries()
    few = queries()

    # When
    for number in range(8):
        switch(CHAT=True, VOICE=True)
        turn_all_off(reason=f"trouble {number}", actor="odette", source="cli")
        incident = incidents.open_incident(
            key=f"k{number}", title="odd", severity="high", opened_by="odette"
        )
        incidents.add_note(incident=incident, text="a note", author="odette")
        process(pid=100 + number)

    # Then
    assert queries() == few
