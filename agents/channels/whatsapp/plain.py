"""Strangers' data made small and clean enough to be kept beside a message."""

from __future__ import annotations

import json
from typing import Any

from agents.channels.whatsapp.sanitise import clean_line

LONGEST_JSON = 8_192
LONGEST_VALUE = 300
MOST_VALUES = 20
DEEPEST = 4


def plain_parts(part: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return these parts, as far as they say something."""
    found = {name: plain_json(part.get(name)) for name in names}
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def plain_json(value: object, depth: int = 0) -> Any:
    """Return bounded data; JSON within a text is opened once."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            # NaN and infinities are no JSON to PostgreSQL.
            return value if abs(value) < 1e15 else None
        case str():
            return _opened(value) if depth == 0 else clean_line(value, LONGEST_VALUE)
        case list() if depth < DEEPEST:
            return [plain_json(entry, depth + 1) for entry in value[:MOST_VALUES]]
        case dict() if depth < DEEPEST:
            return {
                clean_line(key, 60): plain_json(entry, depth + 1)
                for key, entry in list(value.items())[:MOST_VALUES]
            }
    return None


def _opened(text: str) -> Any:
    if text[:1] in {"[", "{"} and len(text) <= LONGEST_JSON:
        try:
            return plain_json(json.loads(text), 1)
        except (ValueError, RecursionError):
            pass
    return clean_line(text, LONGEST_VALUE)
