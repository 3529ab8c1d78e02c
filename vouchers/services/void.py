from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from vouchers.models import Profile, Voucher
from vouchers.services.transition import (
    cause,
    clean_reason,
    perform,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from vouchers.actors import Actor


@dataclass(frozen=True, slots=True)
class Voided:
    voucher: Voucher
    voided_at: datetime
    replayed: bool


def void_voucher(
    *,
    voucher_id: UUID | None = None,
    reference: str | None = None,
    reason: str,
    actor: Actor,
    key: str,
) -> Voided:
    """Void an issued voucher, named by its public id or its reference.

    The back office may void while vouchers are switched off. Raises FeatureDisabled,
    NotAllowed, VoucherNotFound, VoucherNotIssued, InvalidReason, KeyReused.
    """
    if (voucher_id is None) == (reference is None):
        raise ValueError("Name the voucher by its id or by its reference.")
    text = clean_reason(reason)
    values = cause(actor, key, "void", text) | {
        "public_id": voucher_id,
        "reference": reference.strip().upper() if reference else None,
        "reason": text,
    }
    is_back_office = actor.kind == "user" and actor.channel == "admin"
    owner = None if is_back_office else _owner(voucher_id, values["reference"])
    row = perform("void", owner=owner, values=lambda: values, fenced=not is_back_office)
    if row.outcome not in {"void", "replayed"} or row.at is None:
        raise refusal(row)
    return Voided(voucher_from(row), row.at, replayed=row.outcome == "replayed")


def _owner(voucher_id: UUID | None, reference: str | None) -> Profile | None:
    named = Q(public_id=voucher_id) if voucher_id else Q(reference=reference)
    return Profile.objects.filter(
        pk__in=Voucher.objects.filter(named).values("owner")
    ).first()
