from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from rollout.announcements import announcements
from rollout.core.errors import InvalidChange, InvalidTransition
from rollout.models import Announcement, AnnouncementDelivery
from tests.canaries import ALINE
from tests.rollout.announcing import (
    MEMBERS,
    People,
    approved,
    beta,
    drafted,
    met_by_both,
)
from tests.rollout.incidents.test_incidents import at_once


@pytest.mark.django_db
def test_draft__personal_data__taken_out() -> None:
    row = announcements.draft(
        audience="all",
        medium="other",
        subject=f"Ask {ALINE.email}",
        text=f"or call {ALINE.msisdn}",
        by="odette",
    )

    assert ALINE.email not in row.subject
    assert ALINE.msisdn[4:] not in row.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("audience", "medium"),
    [("all", "email"), ("all", "slack"), ("engineering", "whatsapp"), ("x", "other")],
)
def test_draft__medium_does_not_fit_the_audience__refused_by_both(
    audience: str, medium: str
) -> None:
    with pytest.raises(InvalidChange, match="does not fit the audience"):
        drafted(audience, medium)
    if audience == "x":
        return
    with (
        pytest.raises(IntegrityError, match="announcement_medium_reaches"),
        transaction.atomic(),
    ):
        Announcement.objects.create(
            audience=audience, medium=medium, subject="a", text="b", drafted_by="o"
        )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["odette", "Odette"])
def test_approve__by_whoever_drafted_it__refused(name: str) -> None:
    row = drafted()

    with pytest.raises(InvalidChange, match="cannot approve"):
        announcements.approve(announcement=row, by=name)

    row.refresh_from_db()
    assert row.status == "draft"


@pytest.mark.django_db
def test_approve__round_the_service__the_database_refuses() -> None:
    row = drafted()

    with (
        pytest.raises(IntegrityError, match="second_person"),
        transaction.atomic(),
    ):
        Announcement.objects.filter(pk=row.pk).update(
            status="approved", approved_by="odette", approved_at=timezone.now()
        )


@pytest.mark.django_db
def test_approve__changed_since_it_was_read__refused() -> None:
    row = drafted()
    seen = announcements.fingerprint(row)
    announcements.rewrite(announcement=row, subject="x", text="y", by="odette")

    with pytest.raises(InvalidChange, match="read it again"):
        announcements.approve(announcement=row, by="pascal", seen=seen)


@pytest.mark.django_db
def test_rewrite__approved__refused_by_both_until_taken_back() -> None:
    row = approved()

    with pytest.raises(InvalidTransition):
        announcements.rewrite(announcement=row, subject="x", text="y", by="odette")
    with pytest.raises(IntegrityError, match="is not changed"), transaction.atomic():
        Announcement.objects.filter(pk=row.pk).update(text="another")

    announcements.take_back(announcement=row)
    announcements.rewrite(announcement=row, subject="x", text="y", by="odette")
    assert (row.text, row.status, row.approved_by) == ("y", "draft", "")


@pytest.mark.django_db
def test_send__not_approved__refused_and_nobody_told(people: People) -> None:
    beta(*MEMBERS)
    row = drafted()

    with pytest.raises(InvalidTransition):
        announcements.send(announcement=row, by="pascal")

    assert AnnouncementDelivery.objects.exists() is False


@pytest.mark.parametrize("is_locked", [True, False], ids=["lock", "control"])
@pytest.mark.usefixtures("committed_db")
def test_approve__two_at_once__approved_once(
    monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    # Given
    row = drafted()
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
            lambda name=name: announcements.approve(
                announcement=Announcement.objects.get(pk=row.pk), by=name
            )
            for name in ("pascal", "paula")
        ],
        refused,
    )

    # Then
    assert [type(error) for error in refused] == (
        [InvalidTransition] if is_locked else []
    )
    row.refresh_from_db()
    assert row.status == "approved"
