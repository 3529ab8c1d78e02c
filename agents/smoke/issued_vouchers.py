"""The vouchers that smoke tests issue: checked against their rows, and voided."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings

from agents.smoke.errors import Failed
from easymo.observability.logs import get_logger
from vouchers.actors import Actor
from vouchers.codes import InvalidCode, parse_code
from vouchers.errors import VoucherError
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import Money, major_units
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from vouchers.models import Profile

logger = get_logger(__name__)

# The guide's.
AMOUNT = 10_000
ACTOR = "smoke"
CODE = re.compile(r"(?<!\d)\d{4} \d{4} \d{4} \d{4}(?!\d)")


def amount() -> Money:
    """Return the guide's amount, or what these settings issue without a second person."""
    most = min(AMOUNT, settings.VOUCHER_MAX, settings.VOUCHER_APPROVE_ABOVE)
    currency = settings.VOUCHER_CURRENCIES[0]
    return Money(major_units(most, currency), currency)


def issued_under(cause: UUID) -> Voucher:
    issued = VoucherEvent.objects.filter(
        correlation_id=cause, kind=VoucherEvent.Kind.ISSUED
    ).select_related("voucher__owner")
    found = [event.voucher for event in issued]
    if len(found) != 1:
        raise Failed(
            f"{len(found) or 'No'} vouchers were issued under the correlation id.",
            "See the conversation in the admin, and that this is the same database.",
        )
    return found[0]


def check_voucher(voucher: Voucher, customer: Profile, amount: Money) -> None:
    seen = (voucher.owner_id, voucher.amount_minor, voucher.currency, voucher.status)
    if seen != (customer.pk, amount.minor, amount.currency, Voucher.Status.ISSUED):
        raise Failed("The voucher's row is not what was asked for.", "Roll back.")


def tells_code(text: str, voucher: Voucher) -> bool:
    for digits in CODE.findall(text) or [text]:
        try:
            code = parse_code(digits)
        except InvalidCode:
            continue
        if bytes(voucher.code_hmac or b"") in {bytes(one) for one in code.hmacs}:
            return True
    return False


def bare(codes: list[str]) -> list[str]:
    return [code.replace(" ", "") for code in codes]


@contextmanager
def voided(voucher: Voucher) -> Iterator[None]:
    """Take the voucher back whatever happens; its trail stays."""
    try:
        yield
    finally:
        try:
            void_voucher(
                voucher_id=voucher.public_id,
                reason="Issued by a smoke test.",
                actor=Actor.system(ACTOR),
                key=f"smoke:void:{voucher.public_id}",
            )
        except VoucherError as error:
            # A sandbox person's voucher: never real fuel.
            logger.warning(
                "smoke.voucher.left", voucher_id=voucher.pk, reason=error.code
            )
