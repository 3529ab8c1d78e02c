from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from vouchers.money import MAX_MAJOR, is_currency

if TYPE_CHECKING:
    from collections.abc import Iterator

_POSITIVE = (
    "VOUCHER_MAX",
    "VOUCHER_ISSUER_DAILY",
    "VOUCHER_CUSTOMER_DAILY",
    "VOUCHER_VALID_DAYS",
)
_NOT_NEGATIVE = ("VOUCHER_CONFIRM_ABOVE", "VOUCHER_APPROVE_ABOVE")


def voucher_settings(**_: Any) -> list[checks.CheckMessage]:
    """Report settings that block voucher operations or leave them unguarded."""
    return [*_guard(), *_limits(), *_currencies()]


def _guard() -> Iterator[checks.CheckMessage]:
    try:
        found = import_string(settings.VOUCHER_GUARD)
    except (ImportError, AttributeError, TypeError):
        found = None
    if not callable(found):
        yield checks.Error(
            "VOUCHER_GUARD does not name a callable: every voucher operation will be "
            "refused.",
            hint="Set it to rollout.flags.fence.guard.",
            id="vouchers.E001",
        )


def _limits() -> Iterator[checks.CheckMessage]:
    for name in (*_POSITIVE, *_NOT_NEGATIVE):
        least = 0 if name in _NOT_NEGATIVE else 1
        if getattr(settings, name) < least:
            yield checks.Error(f"{name} must be at least {least}.", id="vouchers.E002")
    if settings.VOUCHER_MAX > MAX_MAJOR:
        yield checks.Error(
            f"VOUCHER_MAX is above {MAX_MAJOR}, the limit of the database.",
            id="vouchers.E003",
        )


def _currencies() -> Iterator[checks.CheckMessage]:
    if not settings.VOUCHER_CURRENCIES:
        yield checks.Error("VOUCHER_CURRENCIES is empty.", id="vouchers.E004")
    for currency in settings.VOUCHER_CURRENCIES:
        if not is_currency(currency):
            yield checks.Error(
                f"VOUCHER_CURRENCIES: {currency!r} is not an ISO 4217 currency.",
                hint="Use three upper-case letters; separate currencies by commas.",
                id="vouchers.E005",
            )
