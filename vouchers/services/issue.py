from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from easymo.sentences import translatable
from vouchers import limits
from vouchers.errors import InvalidRequest
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import envelopes, refusals
from vouchers.services.transition import (
    cause,
    pass_fence,
    perform,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from vouchers import sql
    from vouchers.actors import Actor
    from vouchers.codes import Code
    from vouchers.models import Profile
    from vouchers.money import Money


@dataclass(frozen=True, slots=True)
class Issued:
    """The voucher and its code; the code is None when it cannot be read."""

    voucher: Voucher
    code: Code | None
    replayed: bool


def issue_voucher(
    *,
    customer: Profile,
    amount: Money,
    actor: Actor,
    key: str,
    note: str | None = None,
    is_approved: bool = False,
) -> Issued:
    """Issue one voucher, or request it when it is above the approval limit.

    With ``is_approved`` a second person has approved it before, within a batch.

    A repeated key returns the same voucher, with its code while the envelope exists.
    Raises FeatureDisabled, NotAllowed, CustomerNotFound, LimitExceeded, KeyReused.
    """
    _refuse_invalid_amount(amount)
    request = cause(actor, key, "issue", customer.pk, amount.minor, amount.currency)
    _refuse_over_voucher_limit(customer, amount, actor, key)
    is_pending = limits.needs_approval(amount) and not is_approved
    drawn: list[Code] = []

    def values() -> dict[str, Any]:
        public_id = uuid.uuid4()
        stored = envelopes.NO_CODE
        if not is_pending:
            code, stored = envelopes.fresh_code(public_id)
            drawn.append(code)
        return {
            **request,
            **stored,
            "public_id": public_id,
            "reference": envelopes.fresh_reference(),
            "owner": customer.pk,
            "amount": amount.minor,
            "currency": amount.currency,
            "days": settings.VOUCHER_VALID_DAYS,
            "is_pending": is_pending,
            "approval_hours": settings.VOUCHER_APPROVAL_HOURS,
            "note": note,
            "issuer_cap": limits.cap("issuer_daily", amount.currency),
            "customer_cap": limits.cap("customer_daily", amount.currency),
        }

    row = perform("issue", owner=customer, values=values)
    if row.outcome == "limit_exceeded":
        raise limits.exceeded(row.detail or "", amount.currency)
    return issued_from(row, drawn, success="issued")


def issued_from(row: sql.Row, drawn: list[Code], *, success: str) -> Issued:
    """Return the voucher with the code of this call, or of the call it replays."""
    if row.outcome not in {success, "replayed"}:
        raise refusal(row)
    voucher = voucher_from(row)
    if row.outcome == "replayed":
        return Issued(voucher, envelopes.read(voucher), replayed=True)
    return Issued(voucher, drawn[-1] if drawn else None, replayed=False)


def _refuse_invalid_amount(amount: Money) -> None:
    if amount.currency not in settings.VOUCHER_CURRENCIES:
        raise InvalidRequest(
            translatable(
                "Vouchers are not issued in {currency}.", currency=amount.currency
            )
        )
    if amount.minor < 1:
        raise InvalidRequest(translatable("A voucher is worth at least 1."))


def _refuse_over_voucher_limit(
    customer: Profile, amount: Money, actor: Actor, key: str
) -> None:
    """Refuse an amount above the limit of one voucher, unless the key was used."""
    if amount.minor <= limits.cap("voucher", amount.currency):
        return
    if VoucherEvent.objects.filter(key=key).exists():
        return
    with transaction.atomic():
        pass_fence(customer)
        refusals.record(operation="issue", reason="limit_exceeded", actor=actor)
    raise limits.exceeded("voucher", amount.currency)
