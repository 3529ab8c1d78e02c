from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollout import tasks
from rollout.announcements import announcements, sending
from rollout.core.errors import InvalidChange, InvalidTransition
from rollout.core.ports import ports
from rollout.models import Announcement, AnnouncementDelivery, Notice
from tests.rollout.announcing import (
    MEMBERS,
    People,
    approved,
    beta,
    finish,
    met_by_both,
)
from tests.rollout.incidents.test_incidents import at_once

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.fakes.slack import FakeSlack
    from tests.fakes.smtp import FakeSmtp


@pytest.mark.django_db
def test_send__beta_over_whatsapp__each_told_once_who_said_stop_not(
    people: People,
) -> None:
    # Given
    beta(*MEMBERS)
    people.stopped = {MEMBERS[2]}
    row = approved()

    # When
    announcements.send(announcement=row, by="pascal")
    finish(row)
    finish(row)

    # Then
    assert (row.status, row.sent_by) == ("sent", "pascal")
    assert sorted(subject for subject, _ in people.told) == [
        member for member in MEMBERS if member != MEMBERS[2]
    ]
    assert str(announcements.counts(row)) == "4 of 5 told, 1 skipped"
    assert people.told[0][1].startswith(f"announcement:{row.pk}:")


@pytest.mark.django_db
def test_send__everyone__in_batches_until_nobody_is_left(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH", 2)
    row = approved("all")

    announcements.send(announcement=row, by="pascal")
    first = row.deliveries.count()
    finish(row)

    assert first == 2
    assert [subject for subject, _ in people.told] == MEMBERS
    assert row.status == "sent"


@pytest.mark.django_db
def test_step__one_person_makes_trouble__the_others_are_told(people: People) -> None:
    beta(*MEMBERS)
    people.broken = {MEMBERS[0]}
    row = approved()

    announcements.send(announcement=row, by="pascal")
    finish(row)

    assert len(people.told) == 4
    failed = row.deliveries.get(status="failed")
    assert (failed.attempts, failed.error) == (sending.MOST_ATTEMPTS, "OSError")
    assert row.status == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("audience", "medium"),
    [("engineering", "slack"), ("engineering", "email"), ("beta", "whatsapp")],
)
def test_send__medium_is_not_configured__refused(
    monkeypatch: pytest.MonkeyPatch, audience: str, medium: str, settings: Settings
) -> None:
    monkeypatch.setattr(ports, "tell", None)
    settings.MAILERS = {}
    row = approved(audience, medium)

    with pytest.raises(InvalidChange, match="no recipient would be reached"):
        announcements.send(announcement=row, by="pascal")


@pytest.mark.django_db
def test_send__nobody_to_tell__refused(people: People) -> None:
    row = approved()

    with pytest.raises(InvalidChange, match="the cohort beta has no members"):
        announcements.send(announcement=row, by="pascal")

    row.refresh_from_db()
    assert row.status == "approved"


@pytest.mark.django_db
def test_told__everybody_said_stop__does_not_count(people: People) -> None:
    # Given
    beta(*MEMBERS)
    people.stopped = set(MEMBERS)
    row = approved()

    # When
    announcements.send(announcement=row, by="pascal")
    finish(row)

    # Then
    assert row.status == "sent"
    assert not announcements.reached_announcements().exists()


@pytest.mark.django_db
def test_send__by_other_means__sent_as_somebody_says() -> None:
    row = approved("all", "other")

    announcements.send(announcement=row, by="pascal")

    assert (row.status, row.sent_at is not None) == ("sent", True)


@pytest.mark.usefixtures("committed_db")
async def test_send__engineering_by_mail__counted_when_it_was_taken(
    smtp: FakeSmtp, settings: Settings
) -> None:
    # Given
    settings.ALERT_EMAILS = ["gone@example.rw", "duty@example.rw"]
    smtp.script = {"RCPT": [550]}

    # When
    row = await tasks.units.run(approved, "engineering", "email")
    await tasks.units.run(announcements.send, announcement=row, by="pascal")
    await tasks.announce()
    waiting = await tasks.units.run(announcements.counts, row)
    await tasks.deliver_notices()
    await tasks.announce()

    # Then
    told = await tasks.units.run(announcements.counts, row)
    assert (str(waiting), str(told)) == (
        "0 of 2 told, 2 waiting",
        "1 of 2 told, 1 failed",
    )
    assert [mail.subject for mail in smtp.mails] == ["The agent is here"]
    await row.arefresh_from_db()
    assert row.status == "sent"


@pytest.mark.django_db
def test_send__beta_by_mail__who_has_no_address_is_skipped(
    people: People, smtp: FakeSmtp
) -> None:
    beta(*MEMBERS)
    row = approved("beta", "email")

    announcements.send(announcement=row, by="pascal")

    assert str(announcements.counts(row)) == "0 of 5 told, 2 waiting, 3 skipped"
    assert sorted(Notice.objects.values_list("recipient", flat=True)) == [
        "one@example.rw",
        "two@example.rw",
    ]


@pytest.mark.django_db
def test_send__slack__one_notice(slack_server: FakeSlack) -> None:
    row = approved("engineering", "slack")

    announcements.send(announcement=row, by="pascal")

    assert Notice.objects.get().text.startswith("The agent is here\n\nWrite hello.")


@pytest.mark.parametrize("is_locked", [True, False], ids=["lock", "control"])
@pytest.mark.usefixtures("committed_db")
def test_send__two_at_once__sent_once(
    people: People, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    # Given
    beta(*MEMBERS)
    row = approved()
    refused: list[Exception] = []
    if not is_locked:
        monkeypatch.setattr(
            announcements,
            "lock_announcement",
            lambda one: met_by_both(Announcement.objects.get(pk=one.pk)),
        )

    # When
    at_once(
        [
            lambda name=name: announcements.send(
                announcement=Announcement.objects.get(pk=row.pk), by=name
            )
            for name in ("odette", "pascal")
        ],
        refused,
    )

    # Then
    assert [type(error) for error in refused] == (
        [InvalidTransition] if is_locked else []
    )
    assert row.deliveries.count() == len(MEMBERS)


@pytest.mark.parametrize("is_locked", [True, False], ids=["lock", "control"])
@pytest.mark.usefixtures("committed_db")
def test_step__two_workers_at_once__each_person_told_once(
    people: People, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    # Given
    beta(*MEMBERS)
    row = approved()
    announcements.send(announcement=row, by="pascal")
    if not is_locked:
        monkeypatch.setattr(
            sending,
            "lock_delivery",
            lambda pk: met_by_both(AnnouncementDelivery.objects.get(pk=pk)),
        )
    refused: list[Exception] = []

    # When
    at_once([lambda: sending.step(row.pk) for _ in range(2)], refused)

    # Then
    assert refused == []
    assert len(people.told) == len(MEMBERS) * (1 if is_locked else 2)
