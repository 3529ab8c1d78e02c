"""The voucher limits of the settings, in minor units of a currency."""

from __future__ import annotations

from django.conf import settings

from vouchers.errors import LimitExceeded
from vouchers.money import Money, major_units, shown_money

_SETTINGS = {
    "voucher": "VOUCHER_MAX",
    "issuer_daily": "VOUCHER_ISSUER_DAILY",
    "customer_daily": "VOUCHER_CUSTOMER_DAILY",
    "approve_above": "VOUCHER_APPROVE_ABOVE",
    "confirm_above": "VOUCHER_CONFIRM_ABOVE",
    "reauthenticate_above": "VOUCHER_REAUTHENTICATE_ABOVE",
}


def cap(limit: str, currency: str) -> int:
    return major_units(getattr(settings, _SETTINGS[limit]), currency)


def exceeded(limit: str, currency: str) -> LimitExceeded:
    """Return the error that names the limit and its value."""
    return LimitExceeded(limit, shown_money(Money(cap(limit, currency), currency)))


def needs_approval(amount: Money) -> bool:
    return amount.minor > cap("approve_above", amount.currency)


def needs_reauthentication(amount: Money) -> bool:
    """Tell whether the person who approves it must have proved recently who they are."""
    return amount.minor > cap("reauthenticate_above", amount.currency)


def needs_confirmation(amount: Money) -> bool:
    return amount.minor > cap("confirm_above", amount.currency)
