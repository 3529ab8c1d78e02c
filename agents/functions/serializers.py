from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from rest_framework import serializers

from agents.functions import problems
from agents.functions.fields import (
    AmountField,
    CodeField,
    CurrencyField,
    IdField,
    MsisdnField,
    ReasonField,
    StationField,
)
from vouchers.money import InvalidAmount, InvalidCurrency, Money
from vouchers.money import parse_amount_strict as parse_amount
from vouchers.money import parse_currency_strict as parse_currency

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
    raise problems.invalid(fields)


def _sentence(why: Any) -> str:
    return str(why[0]) if isinstance(why, list) else str(why)
