"""Voucher events whose announcement crashed, failed or was far behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.db import connection

from agents.models import Announcement
from agents.notifications import voucher_events
from tests.agents.notifications.test_voucher_events import issue, said, talk
from vouchers.actors import Actor
from vouchers.models import Profile, VoucherEvent
from vouchers.money import Money
from vouchers.services.approve import approve_voucher
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


@pytest.fixture(autouse=True)
def _on(switch: Callable[..., None]) -> None:
    switch(chat=True, vouchers=True)


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(msisdn="+250788123456", name="Aline")


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(msisdn="+250788654321", name="Diane", role="staff")


def test_announce__after_an_approval__both_notified_once_despite_crashes(
    aline: Profile, diane: Profile
) -> None:
    # Given: the worker died before the announcement
    talk(aline)
    talk(diane)
    asked = issue_voucher(
        customer=aline,
        amount=Money(30_000, "RWF"),
        actor=Actor.of_profile(diane, channel="whatsapp"),
        key="test:large",
    )
    voucher_events.announce()
    assert (said(aline), said(diane)) == ([], [])
    odette = User.objects.create_superuser("odette")
    approve_voucher(voucher=asked.voucher, approver=odette, reason="Fine", key="a:1")

    # When
    voucher_events.announce()
    voucher_events.announce()

    # Then
    [[of_owner], [of_issuer]] = said(aline), said(diane)
    assert asked.voucher.reference in of_owner
    assert asked.voucher.reference in of_issuer


def test_announce__one_fails__others_are_announced(
    aline: Profile, diane: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    talk(aline)
    odd, fine = issue(aline, diane).voucher, issue(aline, diane).voucher
    notify = voucher_events.notify

    def broken(event: VoucherEvent) -> Announcement.Outcome:
        if event.voucher_id == odd.pk:
            raise RuntimeError("odd")
        return notify(event)

    monkeypatch.setattr(voucher_events, "notify", broken)

    # When
    voucher_events.announce()

    # Then
    [body] = said(aline)
    assert fine.reference in body
    assert Announcement.objects.count() == 1


def test_announce__receipt_before_a_backlog__the_rest_is_not_left_behind(
    aline: Profile, diane: Profile
) -> None:
    # Given: no worker for a while, then a receipt announces the newest
    talk(aline)
    issue(aline, diane)
    voucher_events.announce()
    waiting = [issue(aline, diane).voucher for _ in range(3)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(sequence, nextval(sequence) + 2000) FROM"
            " pg_get_serial_sequence('voucher_event', 'id') AS sequence"
        )
    voucher_events.announce_issue(issue(aline, diane).voucher)
    voucher_events.announce()
    assert len(said(aline)) == 2

    # When
    voucher_events.announce_left_behind()

    # Then
    told = "".join(said(aline))
    assert all(voucher.reference in told for voucher in waiting)
    assert len(said(aline)) == 5
