from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from vouchers.actors import Actor
from vouchers.services import envelopes
from vouchers.services.issue import Issued, issued_from
from vouchers.services.transition import (
    cause,
    clean_reason,
    perform,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from vouchers import sql
    from vouchers.codes import Code
    from vouchers.models import Voucher


def approve_voucher(
    *, voucher: Voucher, approver: User, reason: str, key: str
) -> Issued:
    """Issue a requested voucher; store its code and envelope.

    Raises FeatureDisabled, SecondPersonNeeded, VoucherNotPending, ApprovalExpired,
    CustomerNotFound, NotAllowed, InvalidReason, KeyReused.
    """
    drawn: list[Code] = []

    def code() -> dict[str, Any]:
        fresh, stored = envelopes.fresh_code(voucher.public_id)
        drawn.append(fresh)
        return stored

    row = _decide("approved", voucher, approver, reason=reason, key=key, code=code)
    return issued_from(row, drawn, success="approved")


def decline_voucher(
    *, voucher: Voucher, approver: User, reason: str, key: str
) -> Voucher:
    """Decline a requested voucher with a reason; its creator may decline it too.

    It works while vouchers are switched off, because no value is created or spent.
    """
    row = _decide(
        "declined",
        voucher,
        approver,
        reason=reason,
        key=key,
        code=lambda: envelopes.NO_CODE,
    )
    if row.outcome not in {"declined", "replayed"}:
        raise refusal(row)
    return voucher_from(row)


def _decide(
    decision: str,
    voucher: Voucher,
    approver: User,
    *,
    reason: str,
    key: str,
    code: Callable[[], dict[str, Any]],
) -> sql.Row:
    text = clean_reason(reason)
    actor = Actor.of_user(approver)
    request = cause(actor, key, decision, voucher.pk, text)

    def values() -> dict[str, Any]:
        return {
            **request,
            **code(),
            "voucher": voucher.pk,
            "decision": decision,
            "days": settings.VOUCHER_VALID_DAYS,
            "reason": text,
        }

    return perform(
        "decide", owner=voucher.owner, values=values, fenced=decision == "approved"
    )
