from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.easymo.preflight.requests import look
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.django_db
def test_codes__key_not_set__failed(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    settings.VOUCHER_GUARD = "tests.vouchers.guards.open_to_all"
    customer = Profile.objects.create(msisdn="+250788100001", name="Aline")
    issue_voucher(
        customer=customer,
        amount=Money(5_000, "RWF"),
        actor=Actor.system("tests"),
        key="preflight",
    )
    assert look("vouchers.codes").status == "ok"

    # When
    [key] = settings.EASYMO_KEYS.values()
    settings.EASYMO_KEYS = {"another": key}

    # Then
    found = look("vouchers.codes")
    assert (found.status, found.setting) == ("failed", "EASYMO_KEYS")
    assert "codes of 1 issued" in found.detail


@pytest.mark.parametrize(
    ("message_ids", "change", "status"),
    [
        ((), {}, "ok"),
        (("vouchers.E001",), {}, "failed"),
        ((), {"VOUCHER_MAX": 60_000, "VOUCHER_APPROVE_ABOVE": 60_000}, "ok"),
        ((), {"VOUCHER_MAX": 60_000, "VOUCHER_APPROVE_ABOVE": 60_001}, "failed"),
    ],
)
def test_limits__each_state__is_reported(
    settings: SettingsWrapper,
    message_ids: tuple[str, ...],
    change: dict[str, int],
    status: str,
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)

    assert look("vouchers.limits", message_ids=message_ids).status == status
