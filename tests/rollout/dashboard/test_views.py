from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from rollout.checklists import checklists
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.models import (
    AgentFlag,
    ChecklistTick,
    Incident,
    Plan,
    RollbackEvent,
    TimelineEntry,
)
from rollout.stages.rollback import rollback_full
from tests import canaries

if TYPE_CHECKING:
    from django.test import Client

    from tests.rollout.conftest import Switch

INDEX = "/admin/?page=room"


def press(client: Client, name: str, *args: object, **asked: object) -> str:
    """Press a button of the page and return what the page says then."""
    answer = client.post(reverse(f"dashboard:{name}", args=args), asked, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def emile(db: None, client: Client) -> Client:
    """A support user, signed in."""
    user = User.objects.create_user("emile", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client.force_login(user)
    return client


def test_kill_all__reason_and_one_press__all_off_with_receipt_and_incident(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True, VOUCHERS=True)

    # When
    said = press(odette, "kill", reason="answers are wrong", kill="all")

    # Then
    assert not AgentFlag.objects.exclude(everyone=False).exists()
    event = RollbackEvent.objects.get()
    assert (event.kind, event.actor, event.reason) == (
        "quick",
        "odette",
        "answers are wrong",
    )
    assert "All features are off" in said
    assert event.incident.title in said


def test_kill_one__named_by_its_button__others_stay_on(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True, VOUCHERS=True)

    # When
    said = press(odette, "kill", reason="odd vouchers", kill=Feature.VOUCHERS.value)

    # Then
    assert not AgentFlag.objects.get(name=Feature.VOUCHERS).everyone
    assert AgentFlag.objects.get(name=Feature.CHAT).everyone
    assert RollbackEvent.objects.get().kind == "partial"
    assert "Vouchers is off" in said


@pytest.mark.parametrize(
    "asked", [{"reason": "  ", "kill": "all"}, {"reason": "why", "kill": "everything"}]
)
def test_kill__no_reason_or_no_such_feature__turns_nothing_off(
    odette: Client, switch: Switch, asked: dict[str, str]
) -> None:
    # Given
    switch(CHAT=True)

    # When
    said = press(odette, "kill", **asked)

    # Then
    assert AgentFlag.objects.get(name=Feature.CHAT).everyone
    assert not RollbackEvent.objects.exists()
    assert "NOTHING WAS TURNED OFF" in said
    # What was typed comes back once.
    assert f'value="{asked["reason"]}"' in said


@pytest.mark.parametrize("name", ["kill", "probe"])
def test_buttons__viewer__may_press_none(
    pascal: Client, switch: Switch, name: str
) -> None:
    # Given
    switch(CHAT=True)

    # When
    answer = pascal.post(
        reverse(f"dashboard:{name}"), {"reason": "I would like to", "kill": "all"}
    )
    page = pascal.get(INDEX).content.decode()

    # Then
    assert answer.status_code == 403
    assert AgentFlag.objects.get(name=Feature.CHAT).everyone
    assert 'id="kill"' not in page
    assert 'id="standing"' in page


def test_buttons__nobody_signed_in__leads_to_the_sign_in(
    client: Client, db: None
) -> None:
    answer = client.post(reverse("dashboard:kill"), {"reason": "x"})

    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


def test_first_page__anyone__tells_their_needs_and_the_room_is_one_press_away(
    emile: Client,
) -> None:
    first = emile.get("/admin/").content.decode()
    room = emile.get(INDEX).content.decode()

    assert "What needs you now" in first
    assert 'id="standing"' not in first
    assert "?page=room" in first
    assert 'id="standing"' in room
    assert 'id="kill"' not in room


def test_first_page__staff_without_rights__sees_no_switches(
    client: Client, db: None
) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))

    page = client.get(INDEX, {"page": "room"}).content.decode()

    assert 'id="standing"' not in page


def test_live_part__asked_by_the_script__is_the_page_without_its_frame(
    odette: Client,
) -> None:
    part = odette.get(INDEX, headers={"X-Room-Live": "whole"}).content.decode()
    quick = odette.get(INDEX, headers={"X-Room-Live": "quick"}).content.decode()

    assert 'id="standing"' in part
    assert 'id="standing"' in quick
    assert 'id="charts-now"' in part
    assert 'id="charts-now"' not in quick
    assert "<html" not in part
    assert "<script" not in part


def test_note__on_the_open_incident__is_written_without_numbers(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True)
    press(odette, "kill", reason="trouble", kill="all")
    incident = Incident.objects.get()

    # When
    said = press(
        odette, "note", incident.pk, reason=f"{canaries.ALINE.msisdn} called us"
    )

    # Then
    note = TimelineEntry.objects.get(kind="note")
    assert canaries.ALINE.msisdn not in note.text
    assert canaries.ALINE.msisdn not in said
    assert "called us" in said


def test_page__rolled_back__says_what_it_takes_to_resume(odette: Client) -> None:
    before = odette.get(INDEX).content.decode()
    rollback_full(reason="trouble", actor="odette", source="cli")
    during = odette.get(INDEX).content.decode()

    assert "Before it can resume" not in before
    assert "Run <code>rollback restore</code> first." in during
    assert "No second person has agreed." in during


def test_page__restore__is_offered_while_there_is_something_to_restore(
    odette: Client,
) -> None:
    before = odette.get(INDEX).content.decode()
    rollback_full(reason="trouble", actor="odette", source="cli")
    during = odette.get(INDEX).content.decode()

    assert ("Restore the functions" in before, "Full rollback…" in before) == (
        False,
        True,
    )
    assert ("Restore the functions" in during, "Full rollback…" in during) == (
        True,
        False,
    )


def test_probe__it_does_not_answer__says_so(
    odette: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "probe_previous_workflow", lambda: False)

    said = press(odette, "probe")

    assert "did not answer" in said


def test_tick__with_evidence__is_written_down_and_no_longer_due(odette: Client) -> None:
    # Given
    line = checklists.due_lines()[0]

    # When
    said = press(odette, "tick", line.item.pk, reason="seen in the log of 14:03")
    again = press(odette, "tick", line.item.pk, reason="once more")

    # Then
    tick = ChecklistTick.objects.get()
    assert (tick.item, tick.by, tick.evidence) == (
        line.item,
        "odette",
        "seen in the log of 14:03",
    )
    assert f"Ticked: {line.item.text}".replace('"', "&quot;") in said
    assert "Nothing was changed" in again


def test_move__gates_not_met__stays_and_names_each(odette: Client) -> None:
    said = press(odette, "move", reason="it looks good", move="advance")

    assert Plan.objects.get().run.stage == "infrastructure"
    assert "gates are not met" in said
    assert "Contacts: " in said


def test_move__held_and_released__says_so_in_the_banner(odette: Client) -> None:
    held = press(odette, "move", reason="let us wait", move="hold")
    assert Plan.objects.get().state == "held"
    assert "Infrastructure: held" in held

    press(odette, "move", reason="go on", move="release")
    assert Plan.objects.get().state == "active"


@pytest.mark.parametrize("name", ["move", "tick", "note"])
def test_buttons__support__may_not_move_tick_or_note(emile: Client, name: str) -> None:
    args = [] if name == "move" else [1]

    answer = emile.post(reverse(f"dashboard:{name}", args=args), {"reason": "x"})

    assert answer.status_code == 403
