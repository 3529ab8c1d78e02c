"""What each function does once every check is passed: one service call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.conf import settings

from agents.api import rate_limits, serializers
from agents.api import refusals as api_refusals
from rollout.core.features import Feature
from vouchers import selectors
from vouchers.actors import Actor
from vouchers.errors import CustomerNotFound, UnknownStation, VoucherNotFound
from vouchers.models import Voucher
from vouchers.money import Money
from vouchers.services import guesses, profiles, refusals
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from agents.api.authentication import Principal
    from agents.api.refusals import Body
    from agents.api.serializers import StrictRequest
    from vouchers.models import Profile, Station


@dataclass(frozen=True, slots=True)
class Named:
    """Who and where a body names, as far as they exist."""

    customer: Profile | None = None
    station: Station | None = None

    @property
    def subject(self) -> str | None:
        """Whose switches count; nobody's where nobody is known."""
        return str(self.customer.public_id) if self.customer else None


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passed every check but the rules of the business."""

    principal: Principal
    values: dict[str, Any]
    named: Named
    # The cause of a change, kept in the voucher's trail.
    key: str

    @property
    def actor(self) -> Actor:
        return Actor(
            "token",
            self.principal.actor_id,
            "api",
            self.named.subject,
            may_know="void" in self.principal.scopes,
        )


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
    rate_limits.refuse_search(call.principal)
    found = call.named.customer
    if found is None:
        rate_limits.count_unknown(call.principal)
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
    rate_limits.refuse_search(call.principal)
    if call.named.customer is None:
        rate_limits.count_unknown(call.principal)
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
            raise api_refusals.invalid({"station": "This field is required."})
        if not bound.is_active:
            raise api_refusals.forbidden("The station of this token is closed.")
        return bound
    try:
        station = profiles.find_station(named)
    except UnknownStation as error:
        if bound is not None:
            raise api_refusals.forbidden(
                "This token is bound to another station."
            ) from (error)
        raise api_refusals.invalid({"station": "There is no such station."}) from error
    if bound is not None and station.pk != bound.pk:
        raise api_refusals.forbidden("This token is bound to another station.")
    return station


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Function:
    """One function of the API, under both of its names."""

    name: str
    tool: str
    scope: str
    feature: Feature
    request: type[StrictRequest]
    name_them: Callable[[dict[str, Any], Any], Named]
    run: Callable[[Call], Body]
    takes_key: bool = True


LOOKUP = Function(
    name="ai-lookup-customer",
    tool="lookup_customer",
    scope="lookup",
    feature=Feature.CUSTOMER_LOOKUP,
    request=serializers.LookupRequest,
    name_them=customer_named,
    run=look_up,
    takes_key=False,
)
CREATE = Function(
    name="ai-create-voucher",
    tool="create_voucher",
    scope="create",
    feature=Feature.VOUCHERS,
    request=serializers.CreateRequest,
    name_them=customer_named,
    run=create,
)
REDEEM = Function(
    name="ai-redeem-voucher",
    tool="redeem_voucher",
    scope="redeem",
    feature=Feature.VOUCHERS,
    request=serializers.RedeemRequest,
    name_them=customer_and_station_named,
    run=redeem,
)
VOID = Function(
    name="ai-void-voucher",
    tool="void_voucher",
    scope="void",
    feature=Feature.VOUCHERS,
    request=serializers.VoidRequest,
    name_them=owner_named,
    run=void,
)
FUNCTIONS = (LOOKUP, CREATE, REDEEM, VOID)
# Tool events call them by either name.
BY_NAME = {f.tool: f for f in FUNCTIONS} | {f.name: f for f in FUNCTIONS}
