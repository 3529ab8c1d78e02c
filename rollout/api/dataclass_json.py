"""The operator's page as plain values, and their description: one from the other.

The description is read off the dataclasses, so it cannot say anything else than the
answer.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.utils.safestring import SafeString

from rollout.plan.resume_requirements import ResumeRequirement
from rollout.policy.gates import Gate

PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "format": "decimal"},
}


def to_json(value: Any) -> Any:
    """Return a value as JSON knows it; drawings are for the page alone."""
    if is_dataclass(value):
        return {name: to_json(getattr(value, name)) for name in _told(type(value))}
    if isinstance(value, (list, tuple)):
        return [to_json(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def json_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of what ``plain`` makes of that kind of value."""
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [each.value for each in kind]}
    if is_dataclass(kind):
        told = _told(kind)
        return {
            "type": "object",
            "properties": {name: json_schema(hint) for name, hint in told.items()},
            "required": list(told),
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


def _told(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=NAMES)
    return {
        each.name: hints[each.name]
        for each in fields(kind)
        if hints[each.name] is not SafeString
    }


# What the dataclasses import for the type checker only.
NAMES = {
    "datetime": datetime,
    "Decimal": Decimal,
    "SafeString": SafeString,
    "Gate": Gate,
    "ResumeRequirement": ResumeRequirement,
}
