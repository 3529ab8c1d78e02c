"""What each function does after the checks: one call of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.conf import settings

from agents.api import refusals as api_refusals
from agents.api import serializers
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

    from agents.api.refusals import Body
    from agents.api.serializers import StrictRequest
    from agents.models import ApiToken
    from vouchers.models import Profile, Station

DEFAULT_VOID_REASON = "Voided over the API."


@dataclass(frozen=True, slots=True)
class Subjects:
    """The customer and the station that a body names, as far as they exist."""

    customer: Profile | None = None
    station: Station | None = None

    @property
    def subject(self) -> str | None:
        """Whose feature flags count."""
        return str(self.customer.public_id) if self.customer else None


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passed every check except the rules of the business."""

    token: ApiToken
    values: dict[str, Any]
    subjects: Subjects
    # The cause of a change, stored in the events of the voucher.
    key: str

    @property
    def names_number(self) -> bool:
        """Whether the body names the customer by a number."""
        return bool({"msisdn", "customer_msisdn"} & set(self.values))

    @property
    def actor(self) -> Actor:
        return Actor(
            "token",
            # With its number: a name may be given again after a revocation.
            f"{self.token.pk}:{self.token.name}",
            "api",
            may_know="void" in self.token.scopes,
        )


def find_customer(values: dict[str, Any], _token: ApiToken) -> Subjects:
    number = values.get("customer_msisdn") or values["msisdn"]
    return Subjects(profiles.lookup(msisdn=number))


def find_customer_and_station(values: dict[str, Any], token: ApiToken) -> Subjects:
    station = _find_station(values.get("station"), token)
    return Subjects(find_customer(values, token).customer, station)


def find_owner(values: dict[str, Any], _token: ApiToken) -> Subjects:
    voucher = selectors.voucher_by_public_id(values["voucher_id"])
    return Subjects(voucher.owner if voucher else None)


def look_up(call: Call) -> Body:
    """Return the customer with this number, if there is one."""
    guesses.check_unknown(actor=call.actor)
    found = call.subjects.customer
    if found is None:
        guesses.count_unknown(actor=call.actor)
        return {"success": True, "exists": False}
    return {"success": True, "exists": True, **customer_facts(found)}


def customer_facts(profile: Profile) -> Body:
    return {
        "name": profile.name or None,
        "msisdn": profile.msisdn,
        "customer_id": str(profile.public_id),
    }


def create(call: Call) -> Body:
    """Issue a voucher, or ask for it above the approval limit."""
    issued = issue_voucher(
        customer=_require_customer(call, "issue"),
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
        "expires_at": _utc_text(voucher.expires_at),
    }


def redeem(call: Call) -> Body:
    """Redeem the voucher of the customer at the station."""
    customer = _require_customer(call, "redeem")
    station, code = call.subjects.station, call.values.get("code")
    assert station is not None
    is_bound = call.token.station is not None
    if customer.is_sandbox and not settings.DEMONSTRATION:
        # Vouchers of the simulator are not worth real fuel.
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
        "redeemed_at": _utc_text(redeemed.redeemed_at),
    }


def void(call: Call) -> Body:
    """Void an issued voucher."""
    voided = void_voucher(
        voucher_id=call.values["voucher_id"],
        reason=call.values.get("reason", DEFAULT_VOID_REASON),
        actor=call.actor,
        key=call.key,
    )
    return {
        "success": True,
        "voucher_id": str(voided.voucher.public_id),
        "status": str(Voucher.Status.VOID),
        "voided_at": _utc_text(voided.voided_at),
    }


def _require_customer(call: Call, operation: str) -> Profile:
    """Return the customer, or count the number as unknown and refuse."""
    guesses.check_unknown(actor=call.actor)
    if call.subjects.customer is None:
        guesses.count_unknown(actor=call.actor)
        _refuse(call, operation, CustomerNotFound())
    assert call.subjects.customer is not None
    return call.subjects.customer


def _refuse(
    call: Call, operation: str, error: CustomerNotFound | VoucherNotFound
) -> None:
    refusals.record(operation=operation, reason=error.code, actor=call.actor)
    raise error


def _find_station(name: str | None, token: ApiToken) -> Station:
    """Return the station of the redemption; a bound token has no other than its own."""
    bound = token.station
    if name is None:
        if bound is None:
            raise api_refusals.invalid({"station": "This field is required."})
        if not bound.is_active:
            raise api_refusals.Refusal(
                "forbidden", "The station of this token is closed."
            )
        return bound
    try:
        station = profiles.find_station(name)
    except UnknownStation as error:
        if bound is None:
            raise api_refusals.invalid(
                {"station": "There is no such station."}
            ) from error
        station = None
    if station is None or (bound is not None and station.pk != bound.pk):
        raise api_refusals.Refusal(
            "forbidden", "This token is bound to another station."
        )
    return station


def _utc_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Function:
    """One function of the API; `tool` is its name in tool events and logs."""

    name: str
    tool: str
    scope: str
    feature: Feature
    request: type[StrictRequest]
    find_subjects: Callable[[dict[str, Any], ApiToken], Subjects]
    run: Callable[[Call], Body]
    takes_key: bool = True


LOOKUP = Function(
    name="ai-lookup-customer",
    tool="lookup_customer",
    scope="lookup",
    feature=Feature.CUSTOMER_LOOKUP,
    request=serializers.LookupRequest,
    find_subjects=find_customer,
    run=look_up,
    takes_key=False,
)
CREATE = Function(
    name="ai-create-voucher",
    tool="create_voucher",
    scope="create",
    feature=Feature.VOUCHERS,
    request=serializers.CreateRequest,
    find_subjects=find_customer,
    run=create,
)
REDEEM = Function(
    name="ai-redeem-voucher",
    tool="redeem_voucher",
    scope="redeem",
    feature=Feature.VOUCHERS,
    request=serializers.RedeemRequest,
    find_subjects=find_customer_and_station,
    run=redeem,
)
VOID = Function(
    name="ai-void-voucher",
    tool="void_voucher",
    scope="void",
    feature=Feature.VOUCHERS,
    request=serializers.VoidRequest,
    find_subjects=find_owner,
    run=void,
)
FUNCTIONS = (LOOKUP, CREATE, REDEEM, VOID)
# Tool events use either name.
BY_NAME = {f.tool: f for f in FUNCTIONS} | {f.name: f for f in FUNCTIONS}
