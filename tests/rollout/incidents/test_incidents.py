from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction

from rollout.core.errors import InvalidChange, InvalidTransition, LessonsMissing
from rollout.incidents import incidents
from rollout.models import Incident, Notice, TimelineEntry
from tests.canaries import ALINE

if TYPE_CHECKING:
    from collections.abc import Callable

FOUR = {
    "customer_impact": "Customers could not buy fuel.",
    "root_cause": "The model's name was misspelt.",
    "resolution": "It was spelt right.",
    "prevention": "Pre-flight asks for it.",
}


def opened(severity: str = "high") -> Incident:
    return incidents.report_incident(
        title="Calls fail", severity=severity, text="Since noon.", by="odette"
    )


def resolved() -> Incident:
    incident = opened()
    incidents.set_status(
        incident=incident, status="resolved", reason="fixed", author="odette"
    )
    return incident


@pytest.mark.django_db
def test_report__a_person__opened_noted_and_told() -> None:
    incident = opened("critical")

    assert (incident.status, incident.opened_by) == ("open", "odette")
    assert [entry.text for entry in incident.timeline.all()] == ["Since noon."]
    assert "opened by odette" in Notice.objects.get().text


@pytest.mark.django_db
def test_report__same_title_while_open__same_incident_told_once() -> None:
    first = opened()

    second = incidents.report_incident(
        title="calls  FAIL", severity="low", text="Me too.", by="pascal"
    )

    assert (second, second.severity) == (first, "high")
    assert Notice.objects.count() == 1
    assert first.timeline.count() == 2


@pytest.mark.django_db
def test_report__resolved_before__another_incident() -> None:
    first = resolved()

    assert opened() != first


@pytest.mark.django_db
def test_write__personal_data__masked_everywhere() -> None:
    words = f"call {ALINE.msisdn} or {ALINE.email}, code 4821 9350 6774 1208\nline 2"

    incident = incidents.report_incident(
        title=f"About {ALINE.msisdn}", severity="low", text=words, by="odette"
    )
    incidents.write_lessons(incident=incident, author="odette", root_cause=words)

    told = [incident.title, incident.root_cause, incident.dedupe_key]
    told += [entry.text for entry in TimelineEntry.objects.all()]
    told += [notice.text + notice.subject for notice in Notice.objects.all()]
    for text in told:
        assert ALINE.msisdn[4:] not in text
        assert ALINE.email not in text
        assert "4821 9350" not in text


@pytest.mark.django_db
def test_close__lessons_missing__says_which_and_stays_resolved() -> None:
    # Given
    incident = resolved()
    incidents.write_lessons(incident=incident, author="odette", root_cause="A typo.")

    # When
    with pytest.raises(LessonsMissing) as caught:
        incidents.set_status(
            incident=incident, status="closed", reason="done", author="odette"
        )

    # Then
    assert str(caught.value) == (
        "Write down first: issue and customer impact, resolution, prevention."
    )
    incident.refresh_from_db()
    assert incident.status == "resolved"


@pytest.mark.django_db
def test_close__round_the_service__the_database_refuses() -> None:
    incident = resolved()

    with (
        pytest.raises(IntegrityError, match="incident_closed_with_its_lessons"),
        transaction.atomic(),
    ):
        Incident.objects.filter(pk=incident.pk).update(
            status="closed", closed_at=incident.resolved_at, root_cause=" \n"
        )


@pytest.mark.django_db
def test_close__four_lessons__closed_and_then_fixed() -> None:
    # Given
    incident = resolved()
    incidents.write_lessons(incident=incident, author="odette", **FOUR)

    # When
    incidents.set_status(
        incident=incident, status="closed", reason="learned", author="odette"
    )

    # Then
    assert incident.closed_at is not None
    with pytest.raises(InvalidTransition):
        incidents.write_lessons(incident=incident, author="x", root_cause="other")
    with pytest.raises(InvalidTransition):
        incidents.take_command(incident=incident, commander="x", author="x")
    with pytest.raises(InvalidTransition):
        incidents.set_severity(
            incident=incident, severity="low", reason="x", author="x"
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("open", "closed"),
        ("open", "open"),
        ("mitigated", "closed"),
        ("mitigated", "open"),
        ("resolved", "mitigated"),
        ("resolved", "nonsense"),
    ],
)
def test_set_status__no_such_way__refused(before: str, after: str) -> None:
    incident = opened()
    if before != "open":
        incidents.set_status(
            incident=incident, status=before, reason="x", author="odette"
        )

    with pytest.raises(InvalidTransition):
        incidents.set_status(
            incident=incident, status=after, reason="x", author="odette"
        )

    incident.refresh_from_db()
    assert incident.status == before


@pytest.mark.django_db
def test_take_command__given_on__story_tells_it() -> None:
    incident = opened()

    incidents.take_command(incident=incident, commander="odette", author="odette")
    incidents.take_command(incident=incident, commander="pascal", author="odette")
    with pytest.raises(InvalidChange):
        incidents.take_command(incident=incident, commander="pascal", author="x")

    assert incident.commander == "pascal"
    assert incident.timeline.last().text == "pascal leads, after odette"


@pytest.mark.django_db
@pytest.mark.parametrize(("severity", "notices"), [("critical", 2), ("low", 1)])
def test_set_severity__worse__told_again(severity: str, notices: int) -> None:
    incident = opened()

    incidents.set_severity(
        incident=incident, severity=severity, reason="more", author="odette"
    )

    assert incident.severity == severity
    assert Notice.objects.count() == notices


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001, "a\x00b", "a\x1b[0m"])
def test_add_note__nonsense__refused_and_nothing_written(text: str) -> None:
    incident = opened()

    with pytest.raises(Exception, match="A text has"):
        incidents.add_note(incident=incident, text=text, author="odette")

    assert incident.timeline.count() == 1


@pytest.mark.django_db
def test_action_item__done__once_by_whom() -> None:
    incident = opened()
    item = incidents.add_action(
        incident=incident,
        text=f"Call {ALINE.msisdn}",
        owner="pascal",
        due=date(2027, 1, 31),
        author="odette",
    )

    incidents.finish_action(item=item, author="pascal")
    with pytest.raises(InvalidChange):
        incidents.finish_action(item=item, author="odette")

    assert (item.done_by, item.done_at is not None) == ("pascal", True)
    assert ALINE.msisdn not in item.text
    assert incident.timeline.count() == 3


@pytest.mark.parametrize("is_locked", [True, False], ids=["lock", "control"])
@pytest.mark.usefixtures("committed_db")
def test_set_status__two_at_once__resolved_once(
    monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    # Given
    incident = opened()
    if not is_locked:
        both = threading.Barrier(2)

        def unlocked(row: Incident) -> Incident:
            found = Incident.objects.get(pk=row.pk)
            both.wait(60)
            return found

        monkeypatch.setattr(incidents, "lock_incident", unlocked)
    refused: list[Exception] = []

    # When
    at_once(
        [
            lambda name=name: incidents.set_status(
                incident=Incident.objects.get(pk=incident.pk),
                status="resolved",
                reason="fixed",
                author=name,
            )
            for name in ("odette", "pascal")
        ],
        refused,
    )

    # Then
    written = incident.timeline.filter(kind="status").count()
    assert (written, len(refused)) == ((1, 1) if is_locked else (2, 0))


def at_once(jobs: list[Callable[[], object]], refused: list[Exception]) -> None:
    """Do all of it at the same moment, each on a connection of its own."""
    start = threading.Barrier(len(jobs))

    def work(job: Callable[[], object]) -> None:
        try:
            start.wait(60)
            job()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
