"""The fields of the API, read as the contract says: nothing is rounded or guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.api import refusals
from vouchers import codes, msisdn
from vouchers.errors import InvalidReason
from vouchers.money import InvalidAmount, InvalidCurrency, Money
from vouchers.money import parse_amount_strict as parse_amount
from vouchers.money import parse_currency_strict as parse_currency
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from vouchers.codes import Code

MAX_STATION = 120


class StrictField(serializers.Field):  # type: ignore[type-arg]
    """A field that reads one form of one thing; it is never written out."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(
    {
        "type": "string",
        "minLength": 9,
        "maxLength": 26,
        "pattern": r"^(\+|00)?[0-9][0-9 ().\-]{7,24}$",
        "examples": ["+250788123456", "0788123456"],
    }
)
class MsisdnField(StrictField):
    """A telephone number; without a country it is Rwandan."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return msisdn.parse(data)
        except msisdn.InvalidMsisdn as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            {
                "type": "string",
                "pattern": r"^[0-9]{1,7}(\.[0-9]{1,3})?$",
                "maxLength": 11,
            },
        ],
        "examples": [10000],
    }
)
class AmountField(StrictField):
    """Major units; read once the currency is known, since its decimals count."""

    def to_internal_value(self, data: Any) -> Any:
        return data


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["RWF"]})
class CurrencyField(StrictField):
    """An ISO 4217 code in upper case; read together with the amount."""

    def to_internal_value(self, data: Any) -> Any:
        return data


@extend_schema_field({"type": "string", "format": "uuid"})
class IdField(StrictField):
    """A UUID as usually written: no number, braces or urn."""

    def to_internal_value(self, data: Any) -> UUID:
        try:
            found = UUID(data) if isinstance(data, str) and len(data) == 36 else None
        except ValueError:
            found = None
        if found is None or str(found) != data.lower():
            raise serializers.ValidationError("This is no voucher id.")
        return found


@extend_schema_field(
    {
        "type": "string",
        "minLength": 16,
        "maxLength": 64,
        "pattern": r"^[ \-]*([0-9][ \-]*){16}$",
    }
)
class CodeField(StrictField):
    """16 digits, the last a check digit; spaces and dashes do not matter."""

    def to_internal_value(self, data: Any) -> Code:
        try:
            return codes.parse_code(data)
        except codes.InvalidCode as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_STATION})
class StationField(StrictField):
    """A station's code or exact name."""

    def to_internal_value(self, data: Any) -> str:
        text = data.strip() if isinstance(data, str) else ""
        if not 0 < len(text) <= MAX_STATION or not text.isprintable():
            raise serializers.ValidationError("Give a station's code or its name.")
        return text


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": 500})
class ReasonField(StrictField):
    """1 to 500 characters once stripped, without control characters."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return clean_reason(data)
        except InvalidReason as error:
            raise serializers.ValidationError(str(error)) from error


MOST_COMPLAINTS = 20


class StrictRequest(serializers.Serializer):  # type: ignore[type-arg]
    """A body with these fields and no other."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what nobody asked for, besides what the fields refuse."""
        complaints = {
            str(name)[:64]: ["There is no such field."]
            for name in list(data)[: MOST_COMPLAINTS * 2]
            if name not in self.fields
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            complaints |= cast("dict[str, list[str]]", error.detail)
        if complaints:
            raise serializers.ValidationError(
                dict(list(complaints.items())[:MOST_COMPLAINTS])
            )
        return values


class LookupRequest(StrictRequest):
    """Whom to look up."""

    msisdn = MsisdnField()


class CreateRequest(StrictRequest):
    """For whom, and how much."""

    customer_msisdn = MsisdnField()
    amount = AmountField()
    currency = CurrencyField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Read amount and currency together, and complain about both."""
        complaints: dict[str, str] = {}
        allowed = settings.VOUCHER_CURRENCIES
        currency = allowed[0]
        try:
            currency = parse_currency(attrs.get("currency", currency), allowed=allowed)
        except InvalidCurrency as error:
            complaints["currency"] = str(error)
        money: Money | None = None
        try:
            money = parse_amount(attrs["amount"], currency=currency)
        except InvalidAmount as error:
            complaints["amount"] = str(error)
        if complaints:
            raise serializers.ValidationError(complaints)
        return {"customer_msisdn": attrs["customer_msisdn"], "amount": money}


class RedeemRequest(StrictRequest):
    """Which voucher, whose it is, and where it is spent."""

    voucher_id = IdField(required=False)
    code = CodeField(required=False)
    customer_msisdn = MsisdnField()
    station = StationField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one name of the voucher, not both and not none."""
        if ("voucher_id" in attrs) == ("code" in attrs):
            raise serializers.ValidationError(
                {"voucher_id": "Name the voucher by voucher_id or by code, not both."}
            )
        return attrs


class VoidRequest(StrictRequest):
    """Which voucher, and why."""

    voucher_id = IdField()
    reason = ReasonField(required=False)


def validated(request: type[StrictRequest], body: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a body, or raise the 400 that names each bad field."""
    serializer = request(data=body)
    if serializer.is_valid():
        return cast("dict[str, Any]", serializer.validated_data)
    fields = {name: _sentence(why) for name, why in serializer.errors.items()}
    raise refusals.invalid(fields)


def _sentence(why: Any) -> str:
    return str(why[0]) if isinstance(why, list) else str(why)
