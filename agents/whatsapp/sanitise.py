"""Make untrusted text and JSON safe to store."""

from __future__ import annotations

import json
import re
from typing import Any

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")
# Direction marks can disguise a name.
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST_TEXT = 4_096
TOKEN = re.compile(r"[a-z][a-z0-9_]{0,23}", re.ASCII)


def clean_text(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return a text with its line breaks and without control characters."""
    if not isinstance(value, str):
        return ""
    # A lone surrogate cannot be encoded.
    text = value[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")
    text = CONTROL_BUT_BREAKS.sub("", SURROGATE.sub("\ufffd", text))
    return text[:limit]


def clean_line(value: object, limit: int) -> str:
    """Return one line without control characters and direction marks."""
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        return ""
    line = CONTROL.sub(" ", SURROGATE.sub("\ufffd", BIDI.sub("", value[: limit * 2])))
    return line.strip()[:limit]


def clean_token(value: object) -> str:
    """Return one of the provider's lower-case words, or ""."""
    return value if isinstance(value, str) and TOKEN.fullmatch(value) else ""


LONGEST_JSON = 8_192
LONGEST_VALUE = 300
MOST_VALUES = 20
DEEPEST = 4


def plain_parts(part: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the non-empty parts with these names."""
    found = {name: plain_json(part.get(name)) for name in names}
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def plain_json(value: object, depth: int = 0) -> Any:
    """Return bounded data; a text that is JSON is parsed once."""
    match value:
        case bool() | None:
            return value
        case int() | float():
            # NaN and infinities are no JSON to PostgreSQL.
            return value if abs(value) < 1e15 else None
        case str():
            return _parsed(value) if depth == 0 else clean_line(value, LONGEST_VALUE)
        case list() if depth < DEEPEST:
            return [plain_json(entry, depth + 1) for entry in value[:MOST_VALUES]]
        case dict() if depth < DEEPEST:
            return {
                clean_line(key, 60): plain_json(entry, depth + 1)
                for key, entry in list(value.items())[:MOST_VALUES]
            }
    return None


def _parsed(text: str) -> Any:
    if text[:1] in {"[", "{"} and len(text) <= LONGEST_JSON:
        try:
            return plain_json(json.loads(text), 1)
        except (ValueError, RecursionError):
            pass
    return clean_line(text, LONGEST_VALUE)
