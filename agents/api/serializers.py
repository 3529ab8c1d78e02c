"""The request bodies of the function API; no value is rounded or guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from vouchers import codes, msisdn
from vouchers.errors import InvalidReason
from vouchers.money import InvalidAmount, InvalidCurrency, Money
from vouchers.money import parse_amount_strict as parse_amount
from vouchers.money import parse_currency_strict as parse_currency
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from vouchers.codes import Code

MAX_STATION = 120
MAX_ERRORS = 20


class StrictField(serializers.Field):  # type: ignore[type-arg]
    """A field of a request that is read by one strict function."""

    # Shown in the schema.
    example: Any = None

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.read(data)
        except (ValueError, InvalidReason) as error:
            raise serializers.ValidationError(str(error)) from error

    def read(self, data: Any) -> Any:
        """Return the value; a ValueError carries the sentence for the caller."""
        return data


@extend_schema_field(
    {
        "type": "string",
        "minLength": 9,
        "maxLength": 64,
        "pattern": r"^\(?(\+|00)?[0-9][0-9 ().\-\u00a0\u202f\u2010-\u2015]{7,62}$",
        "examples": ["+250788123456", "0788123456"],
    }
)
class MsisdnField(StrictField):
    """A telephone number with or without separators; by default it is Rwandan."""

    example = "+250788123456"

    def read(self, data: Any) -> str:
        return msisdn.parse(data)


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
    """Major units; parsed with the currency, which defines the decimals."""

    example = 10_000


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["RWF"]})
class CurrencyField(StrictField):
    """An ISO 4217 code in upper case; parsed with the amount."""

    example = "RWF"


@extend_schema_field({"type": "string", "format": "uuid"})
class VoucherIdField(StrictField):
    """A UUID in its usual spelling."""

    example = "0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1"

    def read(self, data: Any) -> UUID:
        try:
            found = UUID(data) if isinstance(data, str) and len(data) == 36 else None
        except ValueError:
            found = None
        if found is None or str(found) != data.lower():
            raise ValueError("This is no voucher id.")
        return found


@extend_schema_field(
    {
        "type": "string",
        "minLength": 16,
        "maxLength": 64,
        "pattern": r"^[ .\-]*([0-9][ .\-]*){16}$",
    }
)
class CodeField(StrictField):
    """16 digits, the last a check digit; separators are ignored as in a number."""

    def read(self, data: Any) -> Code:
        return codes.parse_code(data)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": MAX_STATION})
class StationField(StrictField):
    """The code or the exact name of a station."""

    example = "KIMIRONKO"

    def read(self, data: Any) -> str:
        text = data.strip() if isinstance(data, str) else ""
        if not 0 < len(text) <= MAX_STATION or not text.isprintable():
            raise ValueError("Give a station's code or its name.")
        return text


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": 500})
class ReasonField(StrictField):
    """1 to 500 characters after stripping, without control characters."""

    example = "Issued twice."

    def read(self, data: Any) -> str:
        return clean_reason(data)


class StrictRequest(serializers.Serializer):  # type: ignore[type-arg]
    """A body with the declared fields and no others."""

    def to_internal_value(self, data: Any) -> Any:
        """Report unknown fields together with the errors of the known fields."""
        errors = {
            str(name)[:64]: ["There is no such field."]
            for name in list(data)[: MAX_ERRORS * 2]
            if name not in self.fields
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors |= cast("dict[str, list[str]]", error.detail)
        if errors:
            raise serializers.ValidationError(dict(list(errors.items())[:MAX_ERRORS]))
        return values


class LookupRequest(StrictRequest):
    """The customer to look up."""

    msisdn = MsisdnField()


class CreateRequest(StrictRequest):
    """The customer and the amount of a new voucher."""

    customer_msisdn = MsisdnField()
    amount = AmountField()
    currency = CurrencyField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Parse amount and currency, and report the errors of both."""
        errors: dict[str, str] = {}
        allowed = settings.VOUCHER_CURRENCIES
        currency = allowed[0]
        try:
            currency = parse_currency(attrs.get("currency", currency), allowed=allowed)
        except InvalidCurrency as error:
            errors["currency"] = str(error)
        money: Money | None = None
        try:
            money = parse_amount(attrs["amount"], currency=currency)
        except InvalidAmount as error:
            errors["amount"] = str(error)
        if errors:
            raise serializers.ValidationError(errors)
        return {"customer_msisdn": attrs["customer_msisdn"], "amount": money}


class RedeemRequest(StrictRequest):
    """The voucher, its owner and the station."""

    voucher_id = VoucherIdField(required=False)
    code = CodeField(required=False)
    customer_msisdn = MsisdnField()
    station = StationField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require exactly one of voucher_id and code."""
        if ("voucher_id" in attrs) == ("code" in attrs):
            raise serializers.ValidationError(
                {"voucher_id": "Name the voucher by voucher_id or by code, not both."}
            )
        return attrs


class VoidRequest(StrictRequest):
    """The voucher and the reason."""

    voucher_id = VoucherIdField()
    reason = ReasonField(required=False)
