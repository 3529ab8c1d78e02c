from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchers.services import envelopes
from vouchers.services.issue import Issued, issued_from
from vouchers.services.transition import cause, clean_reason, perform

if TYPE_CHECKING:
    from vouchers.actors import Actor
    from vouchers.codes import Code
    from vouchers.models import Voucher


def rotate_code(*, voucher: Voucher, actor: Actor, reason: str, key: str) -> Issued:
    """Replace the code of an issued voucher; the old code is no longer valid.

    Raises FeatureDisabled, NotAllowed, VoucherNotFound, VoucherNotIssued,
    VoucherExpired, InvalidReason, KeyReused.
    """
    text = clean_reason(reason)
    request = cause(actor, key, "rotate", text)
    drawn: list[Code] = []

    def values() -> dict[str, Any]:
        code, stored = envelopes.fresh_code(voucher.public_id)
        drawn.append(code)
        return {**request, **stored, "voucher": voucher.pk, "reason": text}

    row = perform("rotate", owner=voucher.owner, values=values)
    return issued_from(row, drawn, success="rotated")
