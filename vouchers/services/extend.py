"""Give a voucher a later last day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from vouchers.services.transition import (
    cause,
    clean_reason,
    perform,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from datetime import date

    from vouchers.actors import Actor
    from vouchers.models import Voucher


@dataclass(frozen=True, slots=True)
class Extended:
    voucher: Voucher
    replayed: bool


def extend_voucher(
    *, voucher: Voucher, last_day: date, reason: str, actor: Actor, key: str
) -> Extended:
    """Let an issued voucher be valid until the end of a later day in Kigali.

    One whose time is over stays expired. Raises FeatureDisabled, NotAllowed,
    SecondPersonNeeded, VoucherNotFound, VoucherNotIssued, VoucherExpired, WrongLastDay,
    InvalidReason, KeyReused.
    """
    text = clean_reason(reason)
    values = cause(actor, key, "extend", last_day.isoformat(), text) | {
        "public_id": voucher.public_id,
        "last_day": last_day,
        "most": settings.VOUCHER_EXTEND_DAYS,
        "reason": text,
    }
    row = perform("extend", owner=voucher.owner, values=lambda: values)
    if row.outcome not in {"extended", "replayed"}:
        raise refusal(row)
    return Extended(voucher_from(row), replayed=row.outcome == "replayed")
