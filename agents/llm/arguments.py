"""Validate the arguments of a tool call against the strict schema of the tool.

OpenAI promises valid arguments, but another server or a truncated answer may break
that promise. `jsonschema` would do it too, but takes 0.3 s to import.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ARGUMENTS = 4_000
# Larger integers are not exact in every JSON reader.
MAX_INTEGER = 2**53
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


class ArgumentsError(Exception):
    """The arguments are invalid; the text may be shown to the model."""


def parse_arguments(raw: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid arguments as a dict, or raise ArgumentsError."""
    if len(raw) > MAX_ARGUMENTS:
        raise ArgumentsError("the arguments are too long")
    try:
        value = json.loads(
            raw, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise ArgumentsError("the arguments are not valid JSON") from None
    if not isinstance(value, dict):
        raise ArgumentsError("the arguments must be one JSON object")
    _check(value, schema, "arguments")
    return value


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _check(value: Any, schema: Mapping[str, Any], path: str) -> None:
    if "anyOf" in schema:
        if not any(_fits(value, option, path) for option in schema["anyOf"]):
            raise ArgumentsError(f"{path} has a wrong type")
        return
    if "type" in schema:
        wanted = schema["type"]
        names = [wanted] if isinstance(wanted, str) else wanted
        if not any(_is(value, name) for name in names):
            raise ArgumentsError(f"{path} must be {' or '.join(names)}")
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ArgumentsError(f"{path} is too large")
    if "enum" in schema and value not in schema["enum"]:
        raise ArgumentsError(f"{path} is none of the allowed values")
    if isinstance(value, dict):
        _check_object(value, schema, path)
    if isinstance(value, list) and "items" in schema:
        for place, entry in enumerate(value):
            _check(entry, schema["items"], f"{path}[{place}]")


def _check_object(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> None:
    properties = schema.get("properties", {})
    # The error does not repeat unknown keys: the model chose their names.
    if value.keys() - properties.keys():
        raise ArgumentsError(f"{path} has unknown keys")
    for name in schema.get("required", ()):
        if name not in value:
            raise ArgumentsError(f"{path} lacks {name}")
    for name, entry in value.items():
        _check(entry, properties[name], f"{path}.{name}")


def _fits(value: Any, schema: Mapping[str, Any], path: str) -> bool:
    try:
        _check(value, schema, path)
    except ArgumentsError:
        return False
    return True


def _is(value: Any, name: str) -> bool:
    # In Python a bool is an int, in JSON it is not.
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])
