"""The shape of every refusal of the HTTP APIs."""

from __future__ import annotations

from typing import Any

from easymo.observability import correlation


def refusal_body(code: str, sentence: str, **facts: Any) -> dict[str, Any]:
    return {
        "success": False,
        "error": sentence,
        "code": code,
        **facts,
        "correlation_id": str(correlation.current()),
    }


def refusal_schema(code: dict[str, Any], **facts: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of the body; `facts`: the schemas of its other fields."""
    return {
        "type": "object",
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "description": "A sentence."},
            "code": code,
            **facts,
            "correlation_id": {"type": "string", "format": "uuid"},
        },
        "required": ["success", "error", "code", "correlation_id"],
    }
