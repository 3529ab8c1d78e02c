from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import before_it_expired
from vouchers.audit.verify import verify
from vouchers.models import (
    ExpiryMark,
    GuessCounter,
    LimitCounter,
    Refusal,
    VoucherEvent,
)
from vouchers.services import periodic
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers, purge_counters
from vouchers.services.redeem import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Profile, Station
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db

Run = ExpiryMark.Run


def test_expire__due__ends_only_what_is_due(issued: Issued, expired: Issued) -> None:
    # When
    ended = [expire_vouchers(), expire_vouchers()]

    # Then
    assert ended == [1, 0]
    issued.voucher.refresh_from_db()
    expired.voucher.refresh_from_db()
    assert (issued.voucher.status, expired.voucher.status) == ("issued", "expired")
    assert expired.voucher.events.get(kind="expired").actor_kind == "system"
    assert verify().broken == []


def test_expire__switched_off__works(
    expired: Issued, settings: SettingsWrapper
) -> None:
    settings.VOUCHER_GUARD = "tests.vouchers.guards.closed"
    assert expire_vouchers() == 1


def test_expire__no_pages__ends_nothing(expired: Issued) -> None:
    assert expire_vouchers(pages=0) == 0
    assert VoucherEvent.objects.filter(kind="expired").count() == 0


def test_expire__two_due_in_one_batch__ends_each_with_its_own_event(
    expired: Issued,
    aline: Profile,
    diane: Profile,
    key: Callable[[], str],
) -> None:
    # Given
    with before_it_expired():
        other = issue_voucher(
            customer=aline, amount=rwf(500), actor=acting(diane), key=key()
        )

    # When
    ended = expire_vouchers()

    # Then
    assert ended == 2
    for each in (expired, other):
        each.voucher.refresh_from_db()
        assert each.voucher.status == "expired"
        assert each.voucher.events.filter(kind="expired").count() == 1
    assert verify().broken == []


@pytest.mark.parametrize("run", Run)
def test_expire__one_page_of_one__ends_the_oldest_then_the_next(
    run: Run,
    expired: Issued,
    aline: Profile,
    diane: Profile,
    key: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(periodic, "PAGE", 1)
    with before_it_expired():
        other = issue_voucher(
            customer=aline, amount=rwf(500), actor=acting(diane), key=key()
        )

    # When
    ended = [expire_vouchers(run=run, pages=1) for _ in range(3)]

    # Then
    assert ended == [1, 1, 0]
    events = VoucherEvent.objects.filter(kind="expired").order_by("id")
    assert [each.voucher for each in events] == [expired.voucher, other.voucher]


def test_expire__nothing_new__reads_no_voucher_again(expired: Issued) -> None:
    # Given
    expire_vouchers()

    # When
    with CaptureQueriesContext(connection) as queries:
        expire_vouchers()

    # Then
    mark = ExpiryMark.objects.get(run=Run.FREQUENT)
    expired.voucher.refresh_from_db()
    assert mark.expires_at == expired.voucher.expires_at
    assert mark.voucher_id == expired.voucher.pk
    assert not [each for each in queries if "voucher_expire(" in each["sql"]]


def test_expire__the_frequent_run_has_passed_it__the_nightly_run_ends_it(
    expired: Issued,
) -> None:
    # Given: as after an import of a voucher whose time was over
    ExpiryMark.objects.create(run=Run.FREQUENT, expires_at=timezone.now())

    # When
    ended = [expire_vouchers(), expire_vouchers(run=Run.NIGHTLY)]

    # Then
    assert ended == [0, 1]
    assert ExpiryMark.objects.get(run=Run.NIGHTLY).voucher_id == 0


@pytest.mark.parametrize("run", Run)
def test_expire__issued_again_after_its_end__ends(
    run: Run, expired: Issued, kimironko: Station, diane: Profile
) -> None:
    # Given
    with before_it_expired():
        redeem_voucher(
            voucher_id=expired.voucher.public_id,
            owner=expired.voucher.owner,
            station=kimironko,
            actor=acting(diane),
            key="redeem",
        )
    assert expire_vouchers(run=run) == 0
    reverse(expired)

    # When
    ended = expire_vouchers(run=run)

    # Then
    assert ended == 1
    expired.voucher.refresh_from_db()
    assert expired.voucher.status == "expired"


def reverse(issued: Issued) -> None:
    """Write a reversal: no service makes one, but the database allows it."""
    redeemed = issued.voucher.events.get(kind="redeemed")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vouchers SET status = 'issued', seq = seq + 1, redeemed_at = NULL,"
            " station_id = NULL WHERE id = %s",
            [issued.voucher.pk],
        )
    fields = {
        each.attname: getattr(redeemed, each.attname)
        for each in VoucherEvent._meta.concrete_fields
    }
    del fields["id"]
    VoucherEvent.objects.create(
        **fields
        | {
            "kind": "reversed",
            "seq": redeemed.seq + 1,
            "old_status": "redeemed",
            "new_status": "issued",
            "station_id": None,
            "reverses_id": redeemed.pk,
            "key": "reverse",
            "created_at": timezone.now(),
        }
    )


def test_purge_counters__old_rows__only_they_are_deleted() -> None:
    # Given
    now = timezone.now()
    for name, days in (("old", 62), ("young", 58)):
        LimitCounter.objects.create(
            kind="issuer",
            subject=name,
            currency="RWF",
            day=(now - timedelta(days=days)).date(),
            used_minor=1,
        )
    an_hour = timedelta(hours=1)
    for name, days, locked_until in (
        ("old", 31, None),
        ("young", 29, None),
        ("unlocked", 31, now - an_hour),
        ("locked", 31, now + an_hour),
    ):
        GuessCounter.objects.create(
            scope=name,
            failures=1,
            level=0,
            window_started_at=now,
            last_failed_at=now - timedelta(days=days),
            locked_until=locked_until,
        )
    for name, days in (("old", 401), ("young", 399)):
        refusal = Refusal.objects.create(
            operation="redeem", reason=name, actor_kind="system", channel="system"
        )
        Refusal.objects.filter(pk=refusal.pk).update(
            created_at=now - timedelta(days=days)
        )

    # When
    deleted = [purge_counters(), purge_counters()]

    # Then
    assert deleted == [4, 0]
    assert LimitCounter.objects.get().subject == "young"
    assert set(GuessCounter.objects.values_list("scope", flat=True)) == {
        "young",
        "locked",
    }
    assert Refusal.objects.get().reason == "young"
