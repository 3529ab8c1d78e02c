"""A request is decided in its time, or it ends by itself; never both."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import database_clock
from tests.vouchers.racing import while_uncommitted
from vouchers.audit.verify import verify
from vouchers.errors import ApprovalExpired, VoucherNotPending
from vouchers.models import Approval, ApprovalRequest, Envelope, Refusal, Voucher
from vouchers.services.approve import approve_voucher, decline_voucher
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.contrib.auth.models import User

    from vouchers.models import Profile

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


@pytest.fixture
def asked(aline: Profile, diane: Profile) -> Voucher:
    return issue_voucher(
        customer=aline, amount=rwf(30_000), actor=acting(diane), key="asked"
    ).voucher


def end_of(voucher: Voucher) -> datetime:
    return ApprovalRequest.objects.get(pk=voucher.pk).ends_at


def run_at_once(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def approve(voucher: Voucher, by: User, key: str = "yes") -> object:
    return approve_voucher(voucher=voucher, approver=by, reason="Known.", key=key)


def test_request__asked__ends_after_the_setting(asked: Voucher) -> None:
    assert end_of(asked) - asked.created_at == DAY


@pytest.mark.parametrize("decision", [approve_voucher, decline_voucher])
def test_request__decided_in_time__ended_with_the_decision(
    asked: Voucher, odette: User, decision: Any
) -> None:
    with database_clock(end_of(asked) - SECOND):
        decision(voucher=asked, approver=odette, reason="Known.", key="yes")
    assert ApprovalRequest.objects.get(pk=asked.pk).ended_at is not None
    with database_clock(end_of(asked) + SECOND):
        assert expire_requests() == 0


def test_approve__after_the_end__refused_and_nothing_written(
    asked: Voucher, odette: User
) -> None:
    # When: no run has ended it yet
    with database_clock(end_of(asked) + SECOND), pytest.raises(ApprovalExpired):
        approve(asked, odette)

    # Then
    asked.refresh_from_db()
    assert asked.status == "pending_approval"
    assert not Approval.objects.exists()
    assert not Envelope.objects.exists()
    assert Refusal.objects.get().reason == "approval_expired"


def test_expire__time_is_over__ended_by_the_system_with_its_reason(
    asked: Voucher, odette: User
) -> None:
    # When
    with database_clock(end_of(asked) - SECOND):
        assert expire_requests() == 0
    with database_clock(end_of(asked) + SECOND):
        assert (expire_requests(), expire_requests()) == (1, 0)

    # Then
    asked.refresh_from_db()
    event = asked.events.get(seq=2)
    assert (asked.status, event.kind, event.actor_kind) == (
        "void",
        "declined",
        "system",
    )
    assert event.note.text == "expired"
    assert verify().broken == []
    with pytest.raises(VoucherNotPending):
        approve(asked, odette)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE voucher_approval_request SET ends_at = ends_at + interval '1 day'",
        "UPDATE voucher_approval_request SET ended_at = now()",
        "DELETE FROM voucher_approval_request",
        "TRUNCATE voucher_approval_request",
        "UPDATE vouchers SET status = 'void', voided_at = now(), seq = seq + 1",
        "INSERT INTO voucher_approval (voucher_id, decision, approver_id, created_at)"
        " SELECT v.id, 'approved', u.id, now() FROM vouchers v, auth_user u"
        " WHERE u.username = 'odette'",
    ],
)
def test_request__changed_by_hand_after_its_end__refused(
    asked: Voucher, odette: User, statement: str
) -> None:
    with database_clock(end_of(asked) + SECOND), pytest.raises(DatabaseError):
        run_at_once(statement)
    assert ApprovalRequest.objects.get().ended_at is None


def at_time(moment: datetime, call: Callable[[], object]) -> object:
    """Run the call at this moment; in a transaction only its own clock changes."""
    with database_clock(moment):
        return call()


@pytest.mark.django_db(transaction=True)
def test_expire__while_an_approval_commits__leaves_it(
    committed_db: str, asked: Voucher, odette: User
) -> None:
    # Given: approved in the last second, and the run comes before the commit
    end = end_of(asked)
    with database_clock(end + SECOND):
        first = partial(at_time, end - SECOND, partial(approve, asked, odette))
        ended = while_uncommitted(first, expire_requests)

    # Then
    asked.refresh_from_db()
    assert (ended, asked.status) == (0, "issued")
    assert verify().broken == []


@pytest.mark.django_db(transaction=True)
def test_approve__while_the_run_commits__refused(
    committed_db: str, asked: Voucher, odette: User
) -> None:
    # Given
    end = end_of(asked)
    with database_clock(end - SECOND):
        first = partial(at_time, end + SECOND, expire_requests)
        refused = while_uncommitted(first, partial(approve, asked, odette))

    # Then
    asked.refresh_from_db()
    assert isinstance(refused, VoucherNotPending)
    assert (asked.status, Approval.objects.count()) == ("void", 0)
    assert verify().broken == []
