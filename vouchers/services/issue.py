from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from vouchers import limits
from vouchers.errors import InvalidRequest
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import envelopes, refusals
from vouchers.services.fence import pass_fence
from vouchers.services.transition import cause, perform, refusal, voucher_from

if TYPE_CHECKING:
    from vouchers.actors import Actor
    from vouchers.codes import Code
    from vouchers.models import Profile
    from vouchers.money import Money


@dataclass(frozen=True, slots=True)
class Issued:
    """The voucher and its code, which is None while it waits for approval."""

    voucher: Voucher
    code: Code | None
    replayed: bool


def issue_voucher(
    *, customer: Profile, amount: Money, actor: Actor, key: str
) -> Issued:
    """Issue one voucher, or ask for it above the approval limit.

    The same key again returns the same voucher, with its code while its envelope
    lives. Raises FeatureDisabled, NotAllowed, CustomerNotFound, LimitExceeded,
    KeyReused.
    """
    _refuse_strange_amount(amount)
    asked = cause(actor, key, "issue", customer.pk, amount.minor, amount.currency)
    _refuse_over_voucher_limit(amount, actor, asked)
    is_pending = limits.needs_approval(amount)
    drawn: list[Code] = []

    def values() -> dict[str, Any]:
        public_id = uuid.uuid4()
        stored = envelopes.NO_CODE
        if not is_pending:
            code, stored = envelopes.fresh_code(public_id)
            drawn.append(code)
        return {
            **asked,
            **stored,
            "public_id": public_id,
            "reference": envelopes.fresh_reference(),
            "owner": customer.pk,
            "amount": amount.minor,
            "currency": amount.currency,
            "days": settings.VOUCHER_VALID_DAYS,
            "is_pending": is_pending,
            "issuer_cap": limits.cap("issuer_daily", amount.currency),
            "customer_cap": limits.cap("customer_daily", amount.currency),
        }

    row = perform("issue", actor, fenced=True, values=values)
    if row.outcome == "issued":
        return Issued(voucher_from(row), drawn[-1] if drawn else None, replayed=False)
    if row.outcome == "replayed":
        voucher = voucher_from(row)
        return Issued(voucher, envelopes.read(voucher), replayed=True)
    if row.outcome == "limit_exceeded":
        raise limits.exceeded(row.detail or "", amount.currency)
    raise refusal(row)


def _refuse_strange_amount(amount: Money) -> None:
    if amount.currency not in settings.VOUCHER_CURRENCIES:
        raise InvalidRequest(f"Vouchers are not issued in {amount.currency}.")
    if amount.minor < 1:
        raise InvalidRequest("A voucher is worth at least 1.")


def _refuse_over_voucher_limit(
    amount: Money, actor: Actor, asked: dict[str, Any]
) -> None:
    """Refuse what no counter could ever allow; a replay comes before it."""
    if amount.minor <= limits.cap("voucher", amount.currency):
        return
    if VoucherEvent.objects.filter(key=asked["key"]).exists():
        return
    with transaction.atomic():
        pass_fence(actor)
        refusals.record(operation="issue", reason="limit_exceeded", actor=actor)
    raise limits.exceeded("voucher", amount.currency)
