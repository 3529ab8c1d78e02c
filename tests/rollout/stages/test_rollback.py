from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from rollout.core.errors import FlagsBusy
from rollout.incidents import incidents
from rollout.models import (
    AgentFlag,
    FlagChange,
    Incident,
    Notice,
    RollbackEvent,
    TimelineEntry,
)
from rollout.plan import resume_requirements
from rollout.stages.rollback import rollback_quick, turn_all_off

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch


@pytest.mark.django_db
def test_quick__everything_on__all_off_in_one_story(switch: Switch) -> None:
    # Given
    switch(CHAT=True, VOICE=True, VOUCHERS=True, CUSTOMER_LOOKUP=True)

    # When
    done = rollback_quick(reason="error rate", actor="odette", source="cli")

    # Then
    assert AgentFlag.objects.exclude(everyone=False).exists() is False
    assert len(done.rolled_back.turned_off) == 4
    assert (
        FlagChange.objects.filter(source="rollback", reason="error rate").count() == 4
    )
    incident = Incident.objects.get()
    assert (incident.severity, incident.status) == ("critical", "open")
    assert "error rate" in TimelineEntry.objects.get(kind="rollback").text
    assert RollbackEvent.objects.get().fence_proven is True
    assert Notice.objects.get().status == "pending"
    assert str(done.receipt) == "no process is running"


@pytest.mark.django_db
def test_quick__feature_nobody_knows__off_too(switch: Switch) -> None:
    # Given
    flag = AgentFlag.objects.create(name="FEATURE_AGENT_FUTURE", everyone=True)
    FlagChange.objects.create(
        flag=flag,
        actor="odette",
        source="cli",
        reason="new",
        after={"everyone": True, "percent": None, "cohorts": []},
    )

    # When
    done = turn_all_off(reason="all", actor="odette", source="cli")

    # Then
    assert done.turned_off == ("FEATURE_AGENT_FUTURE",)
    assert AgentFlag.objects.exclude(everyone=False).exists() is False


@pytest.mark.django_db
def test_quick__again__same_incident_no_new_change(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    first = turn_all_off(reason="one", actor="odette", source="cli")
    changes = FlagChange.objects.count()

    # When
    second = turn_all_off(reason="two", actor="pascal", source="cli")

    # Then
    assert second.turned_off == ()
    assert second.incident == first.incident
    assert FlagChange.objects.count() == changes
    assert [entry.author for entry in first.incident.timeline.all()] == [
        "odette",
        "pascal",
    ]


@pytest.mark.django_db
def test_quick__after_a_mitigated_incident__is_open_again(switch: Switch) -> None:
    # Given
    incident = turn_all_off(reason="boom", actor="odette", source="cli").incident
    incidents.set_status(
        incident=incident, status="mitigated", reason="off", author="odette"
    )
    Incident.objects.filter(pk=incident.pk).update(severity="low")
    switch(CHAT=True)

    # When
    again = turn_all_off(reason="boom once more", actor="odette", source="cli").incident

    # Then
    assert (again.pk, again.status, again.severity) == (incident.pk, "open", "critical")
    assert again.mitigated_at is None
    story = list(again.timeline.values_list("text", flat=True))
    assert "open again: the problem has come back" in story
    assert "severity low → critical" in story
    assert (
        next(need.met for need in resume_requirements.requirements_to_turn_on())
        is False
    )


@pytest.mark.django_db
def test_quick__after_a_resolved_incident__opens_another(switch: Switch) -> None:
    # Given
    first = turn_all_off(reason="one", actor="odette", source="cli").incident
    incidents.set_status(
        incident=first, status="resolved", reason="done", author="odette"
    )

    # When
    second = turn_all_off(reason="two", actor="odette", source="cli").incident

    # Then
    assert second != first


@pytest.mark.django_db
def test_quick__personal_reason__taken_out_of_story_and_notice() -> None:
    # When
    turn_all_off(
        reason="+250788123456 got 1234 5678 9012 3456",
        actor="odette",
        source="cli",
    )

    # Then
    for text in (
        Notice.objects.get().text,
        TimelineEntry.objects.get().text,
        Incident.objects.get().title,
    ):
        assert "788123456" not in text
        assert "1234 5678" not in text


@pytest.mark.usefixtures("committed_db")
def test_quick__another_change_holds_on__says_busy_and_writes_nothing(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    switch(CHAT=True)
    monkeypatch.setattr("rollout.locks.WAIT", "200ms")
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM rollout_epoch FOR UPDATE")
            entered.set()
            leave.wait(250)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(60)

    # When
    with pytest.raises(FlagsBusy):
        turn_all_off(reason="now", actor="odette", source="cli")
    leave.set()
    thread.join()

    # Then
    assert Incident.objects.exists() is False


@pytest.mark.usefixtures("committed_db")
def test_quick__ten_at_once__one_incident(switch: Switch) -> None:
    # Given
    switch(CHAT=True)
    barrier = threading.Barrier(10)

    def kill(number: int) -> None:
        barrier.wait()
        turn_all_off(reason=f"n{number}", actor="odette", source="cli")
        connection.close()

    threads = [threading.Thread(target=kill, args=[n]) for n in range(10)]

    # When
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Then
    assert Incident.objects.get().timeline.count() == 10
    assert FlagChange.objects.filter(source="rollback").count() == 1
