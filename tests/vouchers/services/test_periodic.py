from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tests.vouchers.conftest import acting, rwf
from tests.vouchers.database_clock import before_it_expired
from vouchers.audit.verify import verify
from vouchers.models import GuessCounter, LimitCounter, Refusal, VoucherEvent
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_vouchers, purge_counters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from vouchers.models import Profile
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


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
    assert expire_vouchers(within=timedelta(days=2)) == 1


def test_expire__limit_of_zero__ends_nothing(expired: Issued) -> None:
    assert expire_vouchers(limit=0) == 0
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


def test_expire__limit_of_one__ends_the_oldest(
    expired: Issued,
    aline: Profile,
    diane: Profile,
    key: Callable[[], str],
) -> None:
    # Given
    with before_it_expired():
        issue_voucher(customer=aline, amount=rwf(500), actor=acting(diane), key=key())

    # When
    ended = expire_vouchers(limit=1)

    # Then
    assert ended == 1
    assert VoucherEvent.objects.get(kind="expired").voucher == expired.voucher


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
