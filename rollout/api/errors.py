"""Every refusal in one shape, that of the function API."""

from __future__ import annotations

from typing import Any

from easymo.observability import correlation
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
SCHEMA = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "error": {"type": "string", "description": "A sentence."},
        "code": {"type": "string", "description": "One word."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Each bad field and why.",
        },
        "correlation_id": {"type": "string", "format": "uuid"},
    },
    "required": ["success", "error", "code", "correlation_id"],
}


def body(code: str, sentence: str, **facts: Any) -> dict[str, Any]:
    return {
        "success": False,
        "error": sentence,
        "code": code,
        **facts,
        "correlation_id": str(correlation.current()),
    }


def of_service(error: RolloutError) -> tuple[int, dict[str, Any]]:
    """Return the status and body of what a service refused."""
    if isinstance(error, InvalidReason):
        return 400, body("invalid_request", INVALID, fields={"reason": str(error)})
    status = 409 if isinstance(error, FlagsBusy) else 400
    return status, body(error.code, str(error))


def of_framework(status: int, said: Any) -> dict[str, Any]:
    """Put the framework's refusal into our words."""
    code = CODES.get(status, "refused")
    if isinstance(said, dict) and "detail" in said:
        return body(code, str(said["detail"]))
    found = said if isinstance(said, dict) else {"body": said}
    fields = {
        "body" if name == "non_field_errors" else str(name): _sentence(each)
        for name, each in found.items()
    }
    return body(code, INVALID, fields=fields)


def _sentence(found: Any) -> str:
    """Say what may be lists in dictionaries in lists as one text."""
    if isinstance(found, dict):
        return " ".join(
            f"{_entry(name)}: {_sentence(each)}" for name, each in found.items()
        )
    if isinstance(found, list):
        return " ".join(_sentence(each) for each in found)
    return str(found)


def _entry(name: Any) -> str:
    return f"Entry {name + 1}" if isinstance(name, int) else str(name)
