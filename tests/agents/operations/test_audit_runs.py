from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from agents.operations import audit_runs
from rollout.models import Incident, Notice
from tests.agents.cast import Cast, make_cast
from tests.vouchers.audit import owner
from vouchers.actors import Actor
from vouchers.audit import rows
from vouchers.models import Checkpoint, Verification, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_fence(settings: SettingsWrapper) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.open_to_all"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def issue(cast: Cast, number: int) -> Voucher:
    return issue_voucher(
        customer=cast.aline.profile,
        amount=Money(100, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"test:{number}",
    ).voucher


def test_write__without_vouchers_or_news__writes_nothing(cast: Cast) -> None:
    assert audit_runs.write_checkpoint() is None
    issue(cast, 1)
    assert audit_runs.write_checkpoint() == 1
    assert audit_runs.write_checkpoint() is None


def test_write__next_day__writes_though_nothing_changed(cast: Cast) -> None:
    issue(cast, 1)
    audit_runs.write_checkpoint()
    with owner.unguarded(*owner.TABLES):
        owner.sql(
            "UPDATE voucher_checkpoint SET created_at = created_at - interval '1 day'"
        )
    assert audit_runs.write_checkpoint() == 2


def test_verify__interrupted__is_continued_and_done_once_a_day(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(rows, "BATCH", 1)
    monkeypatch.setattr(audit_runs, "SLICE", 2)
    for number in range(5):
        issue(cast, number)

    # When
    finished = [audit_runs.verify_slice() for _ in range(4)]

    # Then
    assert finished == [False, False, True, True]
    row = Verification.objects.get()
    assert (row.checked, row.broken) == (5, 0)
    assert row.finished_at is not None


def test_verify__yesterdays__begins_again(cast: Cast) -> None:
    issue(cast, 1)
    assert audit_runs.verify_slice() is True
    Verification.objects.update(started_at=timezone.now() - timedelta(days=1))
    assert audit_runs.verify_slice() is True
    assert Verification.objects.count() == 2


@pytest.mark.parametrize("is_checkpoint_next", [False, True])
def test_run__voucher_removed__opens_one_incident_that_names_it(
    cast: Cast, *, is_checkpoint_next: bool
) -> None:
    # Given
    voucher = issue(cast, 1)
    issue(cast, 2)
    audit_runs.write_checkpoint()
    owner.attack(owner.remove, voucher, voucher)

    # When
    if is_checkpoint_next:
        issue(cast, 3)
        audit_runs.write_checkpoint()
    audit_runs.verify_slice()
    Verification.objects.all().delete()
    audit_runs.verify_slice()

    # Then
    incident = Incident.objects.get()
    assert incident.severity == Incident.Severity.HIGH
    assert str(voucher.public_id) in Notice.objects.get().text


def test_write__records_changed__opens_an_incident_and_writes_nothing(
    cast: Cast,
) -> None:
    # Given
    issue(cast, 1)
    audit_runs.write_checkpoint()
    with owner.unguarded(*owner.TABLES):
        owner.sql("UPDATE voucher_checkpoint_page SET root = sha256('')")
    owner.sql("SET CONSTRAINTS ALL DEFERRED")
    issue(cast, 2)

    # When
    assert audit_runs.write_checkpoint() is None

    # Then
    assert "The records of checkpoint 1 were changed." in Notice.objects.get().text
    assert Checkpoint.objects.count() == 1


def test_mail__first_of_the_day__has_a_copy_and_comes_once(
    cast: Cast, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    settings.AUDIT_CHECKPOINT_EMAILS = ["books@example.rw"]
    sent: list[dict[str, Any]] = []

    async def send(**message: Any) -> None:
        sent.append(message)

    monkeypatch.setattr(audit_runs.transports, "send_email", send)

    # When
    for number in range(2):
        issue(cast, number)
        written = audit_runs.write_checkpoint()
        assert written
        async_to_sync(audit_runs.mail_first_of_day)(written)

    # Then
    (message,) = sent
    line = next(each for each in message["text"].splitlines() if each.startswith("{"))
    assert json.loads(line)["document"] == Checkpoint.objects.get(number=1).document
    assert message["to"] == "books@example.rw"
