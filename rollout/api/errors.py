"""Error bodies in the shape of the function API."""

from __future__ import annotations

from typing import Any

from easymo.web.refusals import refusal_body, refusal_schema
from rollout.core.errors import FlagsBusy, InvalidReason, RolloutError

CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    405: "method_not_allowed",
    415: "unsupported_media_type",
    503: "unavailable",
}
INVALID = "The request is not valid."
SCHEMA = refusal_schema(
    {"type": "string", "description": "One word."},
    fields={
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Each bad field and why.",
    },
)


def from_rollout_error(error: RolloutError) -> tuple[int, dict[str, Any]]:
    """Return status and body for the error of a service."""
    if isinstance(error, InvalidReason):
        return 400, refusal_body(
            "invalid_request", INVALID, fields={"reason": str(error)}
        )
    status = 409 if isinstance(error, FlagsBusy) else 400
    return status, refusal_body(error.code, str(error))


def from_framework(status: int, data: Any) -> dict[str, Any]:
    """Convert an error of Django REST framework."""
    code = CODES.get(status, "refused")
    if isinstance(data, dict) and "detail" in data:
        return refusal_body(code, str(data["detail"]))
    found = data if isinstance(data, dict) else {"body": data}
    fields = {
        "body" if name == "non_field_errors" else str(name): _sentence(each)
        for name, each in found.items()
    }
    return refusal_body(code, INVALID, fields=fields)


def _sentence(found: Any) -> str:
    """Flatten nested lists and dictionaries of messages into one text."""
    if isinstance(found, dict):
        return " ".join(
            f"{_entry(name)}: {_sentence(each)}" for name, each in found.items()
        )
    if isinstance(found, list):
        return " ".join(_sentence(each) for each in found)
    return str(found)


def _entry(name: Any) -> str:
    return f"Entry {name + 1}" if isinstance(name, int) else str(name)
