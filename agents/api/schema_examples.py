"""What the schema shows: answers, each refusal, and examples of people of nobody."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

VOUCHER_ID = "0f2a3c7e-5b0d-4d5e-9a44-2f6f0a1c9be1"
CORRELATION_ID = "6f1c1f3e-8f5b-4b0b-9a57-0f7f6b0f6d11"
UUID: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
AMOUNT: Schema = {
    "description": "Major units: an integer where the currency has no decimals.",
    "oneOf": [{"type": "integer"}, {"type": "string"}],
}

REQUESTS: dict[str, Schema] = {
    "lookup_customer": {"msisdn": "+250788123456"},
    "create_voucher": {
        "customer_msisdn": "+250788123456",
        "amount": 10000,
        "currency": "RWF",
    },
    "redeem_voucher": {
        "voucher_id": VOUCHER_ID,
        "customer_msisdn": "+250788123456",
        "station": "KIMIRONKO",
    },
    "void_voucher": {"voucher_id": VOUCHER_ID, "reason": "Issued twice."},
}
ANSWERS: dict[str, dict[str, Schema]] = {
    "lookup_customer": {
        "Known": {
            "success": True,
            "exists": True,
            "name": "Aline",
            "msisdn": "+250788123456",
            "customer_id": "b7f2c3d0-3f0e-4c53-8c0b-0a8f4c7d2e11",
        },
        "Unknown": {"success": True, "exists": False},
    },
    "create_voucher": {
        "Issued": {
            "success": True,
            "voucher_id": VOUCHER_ID,
            "reference": "V7-KQ3M-82",
            "code": "4821935067741208",
            "status": "issued",
            "amount": 10000,
            "currency": "RWF",
            "expires_at": "2027-02-20T08:00:00Z",
        },
        "Waiting for approval": {
            "success": True,
            "voucher_id": VOUCHER_ID,
            "reference": "V7-KQ3M-82",
            "code": None,
            "status": "pending_approval",
            "amount": 30000,
            "currency": "RWF",
            "expires_at": "2027-02-20T08:00:00Z",
        },
    },
    "redeem_voucher": {
        "Redeemed": {
            "success": True,
            "voucher_id": VOUCHER_ID,
            "status": "redeemed",
            "redeemed_at": "2026-11-22T08:00:00Z",
        }
    },
    "void_voucher": {
        "Void": {
            "success": True,
            "voucher_id": VOUCHER_ID,
            "status": "void",
            "voided_at": "2026-11-22T08:00:00Z",
        }
    },
}


def _done(**fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"success": {"const": True}, **fields},
        "required": ["success", *fields],
        "additionalProperties": False,
    }


SUCCESSES: dict[str, list[Schema]] = {
    "lookup_customer": [
        _done(exists={"const": False}),
        _done(
            exists={"const": True},
            name={"type": ["string", "null"]},
            msisdn={"type": ["string", "null"]},
            customer_id=UUID,
        ),
    ],
    "create_voucher": [
        _done(
            voucher_id=UUID,
            reference={"type": "string"},
            code={
                "type": ["string", "null"],
                "pattern": "^[0-9]{16}$",
                "description": "Null while it waits for approval, and in a replay "
                "after 24 hours.",
            },
            status={"enum": ["issued", "pending_approval"]},
            amount=AMOUNT,
            currency={"type": "string"},
            expires_at=MOMENT,
        )
    ],
    "redeem_voucher": [
        _done(voucher_id=UUID, status={"const": "redeemed"}, redeemed_at=MOMENT)
    ],
    "void_voucher": [
        _done(voucher_id=UUID, status={"const": "void"}, voided_at=MOMENT)
    ],
}

# Refusals by a rule of the business are answers: HTTP 200, success false.
RULES: dict[str, tuple[str, ...]] = {
    "lookup_customer": ("locked",),
    "create_voucher": ("customer_not_found", "limit_exceeded", "locked"),
    "redeem_voucher": (
        "customer_not_found",
        "voucher_not_found",
        "not_owner",
        "not_issued",
        "expired",
        "locked",
    ),
    "void_voucher": ("voucher_not_found", "not_issued"),
}
RULE_EXAMPLES: dict[str, tuple[str, Schema]] = {
    "customer_not_found": ("There is no such customer.", {}),
    "voucher_not_found": ("There is no such voucher.", {}),
    "not_owner": ("This voucher belongs to somebody else.", {}),
    "not_issued": (
        "This voucher was redeemed already, on 22 November 2026 at 14:05.",
        {"status": "redeemed"},
    ),
    "expired": ("This voucher has expired.", {}),
    "limit_exceeded": (
        "This customer's limit of RWF 100,000 a day is reached.",
        {"limit": "customer_daily"},
    ),
    "locked": (
        "Too many unknown numbers. Try again in 60 minutes.",
        {"retry_after": 3600},
    ),
}
# Status: its codes, and one sentence.
REFUSALS: dict[int, tuple[tuple[str, ...], str]] = {
    400: (("invalid_request",), "The request is not valid."),
    401: (("unauthorized",), "A valid token is required."),
    403: (("feature_disabled", "forbidden"), "This token has no scope create."),
    405: (("method_not_allowed",), "This function does not take that method."),
    409: (("in_progress",), "The first call with this key is still running."),
    410: (("removed",), "This function has been taken out of service."),
    413: (("too_large",), "A body has at most 65,536 bytes."),
    415: (
        ("unsupported_media_type",),
        "The body must be application/json in UTF-8.",
    ),
    422: (
        ("idempotency_mismatch",),
        "This key was already used for another request.",
    ),
    429: (("rate_limited",), "Too many calls in a minute."),
    500: (("internal_error",), "Something went wrong here."),
    503: (("unavailable",), "This is not available at the moment."),
}


def refusal(codes: tuple[str, ...], **fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "description": "A sentence."},
            "code": {"enum": list(codes)},
            **fields,
            "correlation_id": UUID,
        },
        "required": ["success", "error", "code", "correlation_id"],
    }


def refused(code: str, sentence: str, **facts: Any) -> Schema:
    return {
        "success": False,
        "error": sentence,
        "code": code,
        **facts,
        "correlation_id": CORRELATION_ID,
    }
