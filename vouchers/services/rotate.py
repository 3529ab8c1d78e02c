from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from vouchers.actors import Actor
    from vouchers.codes import Code
    from vouchers.models import Voucher


def rotate_code(*, voucher: Voucher, actor: Actor, reason: str, key: str) -> Issued:
    """Give an issued voucher a new code; the old one opens nothing any more.

    Raises FeatureDisabled, NotAllowed, VoucherNotFound, VoucherNotIssued,
    VoucherExpired, InvalidReason, KeyReused.
    """
    text = clean_reason(reason)
    asked = cause(actor, key, "rotate", text)
    drawn: list[Code] = []

    def values() -> dict[str, Any]:
        code, stored = envelopes.fresh_code(voucher.public_id)
        drawn.append(code)
        return {**asked, **stored, "voucher": voucher.pk, "reason": text}

    row = perform("rotate", actor, fenced=True, values=values)
    if row.outcome not in {"rotated", "replayed"}:
        raise refusal(row)
    changed = voucher_from(row)
    if row.outcome == "replayed":
        return Issued(changed, envelopes.read(changed), replayed=True)
    return Issued(changed, drawn[-1], replayed=False)
