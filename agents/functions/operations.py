"""What each function does once every check is passed: one service call."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.conf import settings

from agents.functions import counters, problems
from agents.functions.call import Named
from vouchers import selectors
from vouchers.errors import CustomerNotFound, UnknownStation, VoucherNotFound
from vouchers.models import Voucher
from vouchers.money import Money
from vouchers.services import guesses, profiles, refusals
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from datetime import datetime

    from agents.functions.authentication import Principal
    from agents.functions.call import Call
    from agents.functions.problems import Body
    from vouchers.models import Profile, Station

NO_REASON = "Voided over the API."


def customer_named(values: dict[str, Any], _principal: Principal) -> Named:
    number = values.get("customer_msisdn") or values["msisdn"]
    return Named(profiles.lookup(msisdn=number))


def customer_and_station_named(values: dict[str, Any], principal: Principal) -> Named:
    station = _station(values.get("station"), principal)
    return Named(customer_named(values, principal).customer, station)


def owner_named(values: dict[str, Any], _principal: Principal) -> Named:
    voucher = selectors.voucher_by_public_id(values["voucher_id"])
    return Named(voucher.owner if voucher else None)


def look_up(call: Call) -> Body:
    """Tell whether there is somebody with this number, and who."""
    counters.refuse_search(call.principal)
    found = call.named.customer
    if found is None:
        counters.count_unknown(call.principal)
        return {"success": True, "exists": False}
    return {"success": True, "exists": True, **described(found)}


def described(profile: Profile) -> Body:
    return {
        "name": profile.name or None,
        "msisdn": profile.msisdn,
        "customer_id": str(profile.public_id),
    }


def create(call: Call) -> Body:
    """Issue a voucher, or ask for it above the approval limit."""
    issued = issue_voucher(
        customer=_known(call, "issue"),
        amount=call.values["amount"],
        actor=call.actor,
        key=call.key,
    )
    voucher = issued.voucher
    return {
        "success": True,
        "voucher_id": str(voucher.public_id),
        "reference": voucher.reference,
        "code": issued.code.digits if issued.code else None,
        "status": str(voucher.status),
        "amount": Money(voucher.amount_minor, voucher.currency).major,
        "currency": voucher.currency,
        "expires_at": _written(voucher.expires_at),
    }


def redeem(call: Call) -> Body:
    """Spend the voucher of the customer named, once, at the station."""
    customer = _known(call, "redeem")
    station, code = call.named.station, call.values.get("code")
    assert station is not None
    is_bound = call.principal.station is not None
    if customer.is_sandbox and not settings.DEMONSTRATION:
        # What is played in the simulator never becomes real fuel.
        _refuse(call, "redeem", VoucherNotFound())
    if code and is_bound:
        guesses.check_station(station=station)
    try:
        redeemed = redeem_voucher(
            code=code,
            voucher_id=call.values.get("voucher_id"),
            owner=customer,
            station=station,
            actor=call.actor,
            key=call.key,
        )
    except VoucherNotFound:
        if code and is_bound:
            guesses.count_station_failure(station=station)
        raise
    return {
        "success": True,
        "voucher_id": str(redeemed.voucher.public_id),
        "status": str(Voucher.Status.REDEEMED),
        "redeemed_at": _written(redeemed.redeemed_at),
    }


def void(call: Call) -> Body:
    """Take an issued voucher back."""
    voided = void_voucher(
        voucher_id=call.values["voucher_id"],
        reason=call.values.get("reason", NO_REASON),
        actor=call.actor,
        key=call.key,
    )
    return {
        "success": True,
        "voucher_id": str(voided.voucher.public_id),
        "status": str(Voucher.Status.VOID),
        "voided_at": _written(voided.voided_at),
    }


def _known(call: Call, operation: str) -> Profile:
    """Return the customer named, or count her number as unknown."""
    counters.refuse_search(call.principal)
    if call.named.customer is None:
        counters.count_unknown(call.principal)
        _refuse(call, operation, CustomerNotFound())
    assert call.named.customer is not None
    return call.named.customer


def _refuse(
    call: Call, operation: str, error: CustomerNotFound | VoucherNotFound
) -> None:
    refusals.record(operation=operation, reason=error.code, actor=call.actor)
    raise error


def _station(named: str | None, principal: Principal) -> Station:
    """Return where it is redeemed: a bound token's own station and no other."""
    bound = principal.station
    if named is None:
        if bound is None:
            raise problems.invalid({"station": "This field is required."})
        if not bound.is_active:
            raise problems.forbidden("The station of this token is closed.")
        return bound
    try:
        station = profiles.find_station(named)
    except UnknownStation as error:
        if bound is not None:
            raise problems.forbidden("This token is bound to another station.") from (
                error
            )
        raise problems.invalid({"station": "There is no such station."}) from error
    if bound is not None and station.pk != bound.pk:
        raise problems.forbidden("This token is bound to another station.")
    return station


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
