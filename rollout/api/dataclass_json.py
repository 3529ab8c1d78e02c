"""JSON of dataclasses and its schema, both read from the same fields."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.utils.safestring import SafeString

from rollout.plan.resume_requirements import ResumeRequirement
from rollout.policy.gates import Gate

SCHEMAS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "format": "decimal"},
}
# Names that the dataclasses import for type checkers only.
NAMES = {
    "datetime": datetime,
    "Decimal": Decimal,
    "SafeString": SafeString,
    "Gate": Gate,
    "ResumeRequirement": ResumeRequirement,
}


def to_json(value: Any) -> Any:
    """Return a value as JSON types; drawings are left out."""
    if is_dataclass(value):
        return {name: to_json(getattr(value, name)) for name in _hints(type(value))}
    if isinstance(value, (list, tuple)):
        return [to_json(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def json_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of what `to_json` makes of this type."""
    if kind in SCHEMAS:
        return SCHEMAS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    if is_dataclass(kind):
        hints = _hints(kind)
        return {
            "type": "object",
            "properties": {name: json_schema(hint) for name, hint in hints.items()},
            "required": list(hints),
            "additionalProperties": False,
        }
    inner = get_args(kind)
    if get_origin(kind) in {types.UnionType, Union}:
        known = [json_schema(each) for each in inner if each is not types.NoneType]
        return {"oneOf": [*known, {"type": "null"}]}
    if get_origin(kind) is tuple and inner[-1] is Ellipsis:
        return {"type": "array", "items": json_schema(inner[0])}
    if get_origin(kind) is tuple:
        return {
            "type": "array",
            "prefixItems": [json_schema(each) for each in inner],
            "minItems": len(inner),
            "maxItems": len(inner),
        }
    raise TypeError(f"No JSON is known for {kind!r}.")


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=NAMES)
    return {
        each.name: hints[each.name]
        for each in fields(kind)
        if hints[each.name] is not SafeString
    }
