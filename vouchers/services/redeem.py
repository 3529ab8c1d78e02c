from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchers.services.transition import cause, perform, refusal, voucher_from

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from vouchers.actors import Actor
    from vouchers.codes import Code
    from vouchers.models import Profile, Station, Voucher


@dataclass(frozen=True, slots=True)
class Redeemed:
    voucher: Voucher
    redeemed_at: datetime
    replayed: bool


def redeem_voucher(
    *,
    code: Code | None = None,
    voucher_id: UUID | None = None,
    owner: Profile | None = None,
    station: Station,
    actor: Actor,
    key: str,
) -> Redeemed:
    """Redeem a voucher once, named by its code or its public id.

    A repeated key returns the first answer. Raises FeatureDisabled, Locked,
    VoucherNotFound, NotOwner, VoucherNotIssued, VoucherExpired, WrongStation,
    NotAllowed, KeyReused; a refusal writes its audit row and its counters only.
    """
    if (code is None) == (voucher_id is None):
        raise ValueError("Name the voucher by its code or by its id.")
    owner_pk = owner.pk if owner else None
    values = cause(actor, key, "redeem", owner_pk, station.pk) | {
        "hmacs": list(code.hmacs) if code else None,
        "public_id": voucher_id,
        "owner": owner_pk,
        "station": station.pk,
    }
    row = perform("redeem", owner=owner, values=lambda: values)
    if row.outcome not in {"redeemed", "replayed"} or row.at is None:
        raise refusal(row)
    return Redeemed(voucher_from(row), row.at, replayed=row.outcome == "replayed")
