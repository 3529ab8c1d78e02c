"""The fields of the API, read as the contract says: nothing is rounded or guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from vouchers import codes, msisdn
from vouchers.errors import InvalidReason
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
