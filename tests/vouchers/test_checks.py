from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vouchers.checks import voucher_settings

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


def test_check__default_settings__reports_nothing() -> None:
    assert voucher_settings() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VOUCHER_GUARD", "nowhere.guard", "vouchers.E001"),
        ("VOUCHER_GUARD", None, "vouchers.E001"),
        ("VOUCHER_GUARD", "tests.vouchers.guards.asked", "vouchers.E001"),
        ("VOUCHER_MAX", 0, "vouchers.E002"),
        ("VOUCHER_APPROVE_ABOVE", -1, "vouchers.E002"),
        ("VOUCHER_MAX", 1_000_001, "vouchers.E003"),
        ("VOUCHER_CURRENCIES", [], "vouchers.E004"),
        ("VOUCHER_CURRENCIES", ["rwf"], "vouchers.E005"),
    ],
)
def test_check__invalid_setting__is_reported(
    settings: SettingsWrapper, name: str, value: object, expected: str
) -> None:
    setattr(settings, name, value)
    assert [found.id for found in voucher_settings()] == [expected]
