"""Take back a redemption that was made by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from vouchers import limits
from vouchers.actors import Actor
from vouchers.services.transition import (
    cause,
    clean_reason,
    perform,
    refusal,
    voucher_from,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from vouchers.models import ReversalRequest, Voucher


# For station staff; `voucher_reversal_period` in the database enforces it.
STATION_PERIOD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Reversal:
    voucher: Voucher
    at: datetime
    # The amount is above the limit: a second person decides.
    is_requested: bool
    replayed: bool


def reverse_redemption(
    *, voucher: Voucher, reason: str, actor: Actor, key: str
) -> Reversal:
    """Take back the redemption of a voucher, or ask a second person above the limit.

    Station staff may within 15 minutes at their own station, the back office within
    24 hours and also while vouchers are switched off. Raises FeatureDisabled,
    NotAllowed, VoucherNotFound, NotRedeemed, TooLate, AlreadyAsked, InvalidReason,
    KeyReused.
    """
    text = clean_reason(reason)
    values = cause(actor, key, "reverse", str(voucher.public_id), text) | {
        "public_id": voucher.public_id,
        "most": limits.cap("approve_above", voucher.currency),
        "reason": text,
    }
    is_back_office = actor.kind == "user" and actor.channel == "admin"
    row = perform(
        "reverse",
        owner=voucher.owner,
        values=lambda: values,
        fenced=not is_back_office,
    )
    outcomes = {"reversed", "replayed", "reversal_requested"}
    if row.outcome not in outcomes or row.at is None:
        raise refusal(row)
    return Reversal(
        voucher_from(row),
        row.at,
        is_requested=row.outcome == "reversal_requested",
        replayed=row.outcome == "replayed",
    )


def decide_reversal(
    *, request: ReversalRequest, decision: str, approver: User, reason: str, key: str
) -> Voucher:
    """Approve or refuse a request as a second person.

    Raises SecondPersonNeeded, RequestDecided, NotRedeemed, TooLate, NotAllowed,
    InvalidReason, KeyReused.
    """
    text = clean_reason(reason)
    actor = Actor.of_user(approver)
    values = cause(actor, key, "decide_reversal", request.pk, decision, text) | {
        "request": request.pk,
        "decision": decision,
        "reason": text,
    }
    row = perform("decide_reversal", owner=None, values=lambda: values, fenced=False)
    if row.outcome not in {"reversed", "refused", "replayed"}:
        raise refusal(row)
    return voucher_from(row)
