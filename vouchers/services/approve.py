from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from vouchers.actors import Actor
from vouchers.services import envelopes
from vouchers.services.issue import Issued
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
    """Issue what somebody else asked for; makes the code and its envelope.

    Raises FeatureDisabled, SecondPersonNeeded, VoucherNotPending, CustomerNotFound,
    NotAllowed, InvalidReason, KeyReused.
    """
    drawn: list[Code] = []

    def code() -> dict[str, Any]:
        fresh, stored = envelopes.fresh_code(voucher.public_id)
        drawn.append(fresh)
        return stored

    row = _decide("approved", voucher, approver, reason=reason, key=key, code=code)
    decided = voucher_from(row)
    if row.outcome == "replayed":
        return Issued(decided, envelopes.read(decided), replayed=True)
    return Issued(decided, drawn[-1], replayed=False)


def decline_voucher(
    *, voucher: Voucher, approver: User, reason: str, key: str
) -> Voucher:
    """End a request with a reason; whoever asked may also withdraw it.

    Goes on while vouchers are switched off: nothing is created or spent.
    """
    row = _decide(
        "declined",
        voucher,
        approver,
        reason=reason,
        key=key,
        code=lambda: envelopes.NO_CODE,
    )
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
    asked = cause(actor, key, decision, voucher.pk, text)

    def values() -> dict[str, Any]:
        return {
            **asked,
            **code(),
            "voucher": voucher.pk,
            "decision": decision,
            "days": settings.VOUCHER_VALID_DAYS,
            "reason": text,
        }

    row = perform("decide", actor, fenced=decision == "approved", values=values)
    if row.outcome not in {decision, "replayed"}:
        raise refusal(row)
    return row
