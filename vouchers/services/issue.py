from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from vouchers import limits
from vouchers.errors import FeatureDisabled, InvalidRequest, VoucherError
from vouchers.models import Voucher, VoucherEvent
from vouchers.services import envelopes, refusals
from vouchers.services.transition import (
    cause,
    pass_fence,
    perform,
    perform_many,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True)
class Order:
    """A voucher to be issued; ``is_approved``: a second person did, within a batch."""

    customer: Profile
    amount: Money
    key: str
    note: str | None = None
    is_approved: bool = False


def issue_voucher(
    *, customer: Profile, amount: Money, actor: Actor, key: str, note: str | None = None
) -> Issued:
    """Issue one voucher, or request it when it is above the approval limit.

    A repeated key returns the same voucher, with its code while the envelope exists.
    Raises FeatureDisabled, NotAllowed, CustomerNotFound, LimitExceeded, KeyReused.
    """
    order = Order(customer, amount, key, note)
    _refuse_invalid_amount(amount)
    _refuse_over_voucher_limit(order, actor)
    drawn: list[Code] = []
    row = perform("issue", owner=customer, values=lambda: _values(order, actor, drawn))
    if row.outcome == "limit_exceeded":
        raise limits.exceeded(row.detail or "", amount.currency)
    return issued_from(row, drawn, success="issued")


def issue_vouchers(
    *, orders: Sequence[Order], actor: Actor
) -> list[VoucherError | None]:
    """Issue many vouchers by one statement; return why each was refused, or None.

    Runs in the caller's transaction, which has passed the fence for anyone; the database
    asks for each owner. An order whose key was used before is one that was issued.
    Raises FeatureDisabled for all of them.
    """
    refused: list[VoucherError | None] = [_bar(order, actor) for order in orders]
    asked = [place for place, error in enumerate(refused) if error is None]
    rows = perform_many(
        "issue", values=lambda: [_values(orders[at], actor, []) for at in asked]
    )
    for place, row in zip(asked, rows, strict=True):
        if row.outcome == "limit_exceeded":
            currency = orders[place].amount.currency
            refused[place] = limits.exceeded(row.detail or "", currency)
        elif row.outcome not in {"issued", "replayed"}:
            refused[place] = refusal(row)
    for error in refused:
        if isinstance(error, FeatureDisabled):
            raise error
    return refused


def _bar(order: Order, actor: Actor) -> VoucherError | None:
    try:
        _refuse_invalid_amount(order.amount)
        _refuse_over_voucher_limit(order, actor)
    except VoucherError as error:
        return error
    return None


def _values(order: Order, actor: Actor, drawn: list[Code]) -> dict[str, Any]:
    """Return what the database takes, with a fresh code and reference."""
    customer, amount = order.customer, order.amount
    is_pending = limits.needs_approval(amount) and not order.is_approved
    public_id, stored = uuid.uuid4(), envelopes.NO_CODE
    if not is_pending:
        code, stored = envelopes.fresh_code(public_id)
        drawn.append(code)
    return {
        **cause(actor, order.key, "issue", customer.pk, amount.minor, amount.currency),
        **stored,
        "public_id": public_id,
        "reference": envelopes.fresh_reference(),
        "owner": customer.pk,
        "amount": amount.minor,
        "currency": amount.currency,
        "days": settings.VOUCHER_VALID_DAYS,
        "is_pending": is_pending,
        "approval_hours": settings.VOUCHER_APPROVAL_HOURS,
        "note": order.note,
        "issuer_cap": limits.cap("issuer_daily", amount.currency),
        "customer_cap": limits.cap("customer_daily", amount.currency),
    }


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
        raise InvalidRequest(f"Vouchers are not issued in {amount.currency}.")
    if amount.minor < 1:
        raise InvalidRequest("A voucher is worth at least 1.")


def _refuse_over_voucher_limit(order: Order, actor: Actor) -> None:
    """Refuse an amount above the limit of one voucher, unless the key was used."""
    amount = order.amount
    if amount.minor <= limits.cap("voucher", amount.currency):
        return
    if VoucherEvent.objects.filter(key=order.key).exists():
        return
    with transaction.atomic():
        pass_fence(order.customer)
        refusals.record(operation="issue", reason="limit_exceeded", actor=actor)
    raise limits.exceeded("voucher", amount.currency)
