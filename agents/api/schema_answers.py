"""The answers of each function as JSON schemas, with examples made from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.api.refusals import REFUSALS, Refusal, invalid
from easymo.web.refusals import refusal_body, refusal_schema
from vouchers import errors

if TYPE_CHECKING:
    from agents.api.functions import Function

type Schema = dict[str, Any]

VOUCHER_ID = "0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1"
CORRELATION_ID = "6f1c1f3e-8f5b-4b0b-9a57-0f7f6b0f6d11"
UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
AMOUNT: Schema = {
    "description": "Major units: an integer where the currency has no decimals.",
    "oneOf": [{"type": "integer"}, {"type": "string"}],
}
CODE: Schema = {
    "type": ["string", "null"],
    "pattern": "^[0-9]{16}$",
    "description": "Null while it waits for approval, and in a replay after 24 hours.",
}
# The values of the examples, by field.
EXAMPLES: Schema = {
    "success": True,
    "exists": True,
    "name": "Aline",
    "msisdn": "+250788123456",
    "customer_id": "b7f2c3d0-3f0e-4c53-8c0b-0a8f4c7d2e11",
    "voucher_id": VOUCHER_ID,
    "reference": "V7-KQ3M-82",
    "code": "4821935067741208",
    "amount": 10_000,
    "currency": "RWF",
    "expires_at": "2027-02-20T08:00:00Z",
    "redeemed_at": "2026-11-22T08:00:00Z",
    "voided_at": "2026-11-22T08:00:00Z",
}
_VOUCHER = {
    "voucher_id": UUID,
    "reference": TEXT,
    "code": CODE,
    "status": {"enum": ["issued", "pending_approval"]},
    "amount": AMOUNT,
    "currency": TEXT,
    "expires_at": TIME,
}
# The fields of each successful answer beside `success`.
SUCCESSES: dict[str, list[Schema]] = {
    "lookup_customer": [
        {"exists": {"const": False}},
        {
            "exists": {"const": True},
            "name": TEXT_OR_NULL,
            "msisdn": TEXT_OR_NULL,
            "customer_id": UUID,
        },
    ],
    "create_voucher": [_VOUCHER],
    "redeem_voucher": [
        {"voucher_id": UUID, "status": {"const": "redeemed"}, "redeemed_at": TIME}
    ],
    "void_voucher": [
        {"voucher_id": UUID, "status": {"const": "void"}, "voided_at": TIME}
    ],
}
# The examples of each function: a name, and the fields that differ from EXAMPLES.
SHOWN: dict[str, dict[str, Schema]] = {
    "lookup_customer": {"Known": {}, "Unknown": {"exists": False}},
    "create_voucher": {
        "Issued": {"status": "issued"},
        "Waiting for approval": {
            "code": None,
            "status": "pending_approval",
            "amount": 30_000,
        },
    },
    "redeem_voucher": {"Redeemed": {"status": "redeemed"}},
    "void_voucher": {"Void": {"status": "void"}},
}
_NOT_FOUND = errors.VoucherNotFound()
_NO_CUSTOMER = errors.CustomerNotFound()
_LOCKED = errors.Locked(3600, "unknown numbers")
_NOT_ISSUED = errors.VoucherNotIssued(
    "redeemed", datetime(2026, 11, 22, 12, 5, tzinfo=UTC)
)
# Refusals by a rule of the business are answers: HTTP 200, success false.
RULES: dict[str, list[errors.VoucherError]] = {
    "lookup_customer": [_LOCKED],
    "create_voucher": [
        _NO_CUSTOMER,
        errors.LimitExceeded("customer_daily", "RWF 100,000"),
        _LOCKED,
    ],
    "redeem_voucher": [
        _NO_CUSTOMER,
        _NOT_FOUND,
        errors.NotOwner(),
        _NOT_ISSUED,
        errors.VoucherExpired(None),
        _LOCKED,
    ],
    "void_voucher": [_NOT_FOUND, _NOT_ISSUED],
}
# Answered outside the functions.
_ELSEWHERE = {"invalid_signature", "not_found"}


def answer_schema(tool: str) -> Schema:
    """Return the schema of the answers with HTTP 200."""
    by_rule = refusal_schema(
        {"enum": [error.code for error in RULES[tool]]},
        status=TEXT,
        limit={"enum": ["voucher", "issuer_daily", "customer_daily"]},
        retry_after={"type": "integer"},
    )
    successes = [
        {
            "type": "object",
            "properties": {"success": {"const": True}, **fields},
            "required": ["success", *fields],
            "additionalProperties": False,
        }
        for fields in SUCCESSES[tool]
    ]
    return {"oneOf": [*successes, by_rule]}


def answer_examples(tool: str) -> dict[str, Schema]:
    """Return examples of the answers with HTTP 200, by name."""
    found = {}
    for name, differing in SHOWN[tool].items():
        exists = differing.get("exists", True)
        fields = SUCCESSES[tool][-1 if exists else 0]
        values = EXAMPLES | differing
        found[name] = {field: values[field] for field in ["success", *fields]}
    for error in RULES[tool]:
        body = refusal_body(error.code, str(error), **error.facts)
        body["correlation_id"] = CORRELATION_ID
        found[f"Refused: {error.code}"] = body
    return found


def request_example(function: Function) -> Schema:
    """Return an example of the body, from the fields of its serializer."""
    fields = function.request().fields.items()
    examples = {name: getattr(field, "example", None) for name, field in fields}
    return {name: value for name, value in examples.items() if value is not None}


def refusal_schemas() -> dict[int, Schema]:
    """Return the schema of each refusal, by HTTP status."""
    codes: dict[int, list[str]] = {}
    for code, (status, _) in REFUSALS.items():
        if code not in _ELSEWHERE:
            codes.setdefault(status, []).append(code)
    fields = {
        "type": "object",
        "additionalProperties": TEXT,
        "description": "Each bad field and why.",
    }
    return {
        status: refusal_schema(
            {"enum": found}, **({"fields": fields} if status == 400 else {})
        )
        for status, found in codes.items()
    }


def refusal_examples() -> dict[int, Schema]:
    """Return one example of each refusal, by HTTP status."""
    found = {}
    for code, (status, _) in REFUSALS.items():
        if code not in _ELSEWHERE:
            refusal = Refusal(code)
            if status == 400:
                refusal = invalid({"amount": "RWF has no decimals."})
            found[status] = {**refusal.body(), "correlation_id": CORRELATION_ID}
    return found
