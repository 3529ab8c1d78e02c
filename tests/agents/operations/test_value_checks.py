from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.operations import value_checks
from rollout.core.ports import ports
from tests.vouchers.tampering import cheat
from vouchers.actors import Actor
from vouchers.models import Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(switch: Callable[..., None]) -> None:
    switch(vouchers=True)


def issued(number: int) -> Voucher:
    staff, _ = Profile.objects.get_or_create(name="Diane", role="staff")
    return issue_voucher(
        customer=Profile.objects.create(name=f"C{number}"),
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(staff, channel="whatsapp"),
        key=f"value:{number}",
    ).voucher


def test_errors_since__honest_vouchers__none() -> None:
    issued(1)

    assert value_checks.errors_since(timezone.now() - timedelta(days=1)) == 0
    since = timezone.now() - timedelta(days=1)
    assert ports.value_errors_since(since) == 0


def test_errors_since__amount_changed_behind_the_trail__is_counted() -> None:
    # Given
    honest, wronged = issued(1), issued(2)

    # When
    cheat(f"UPDATE vouchers SET amount_minor = 90000 WHERE id = {wronged.pk}")

    # Then
    assert honest.pk != wronged.pk
    assert value_checks.errors_since(timezone.now() - timedelta(days=1)) == 1
    assert value_checks.errors_since(timezone.now() + timedelta(seconds=1)) == 0
