"""The rules by which OpenAI's Responses API refuses a request.

`refusal_of(body, server)` answers the first rule that a request breaks. Messages, codes
and params are those of the real API, so that code that reads them can be tested.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

TOOL_NAME = re.compile(r"^[a-zA-Z0-9_-]+$")
PARAMETERS = frozenset(
    [
        "background",
        "conversation",
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    ]
)
TYPES: dict[str, tuple[type, ...]] = {
    "instructions": (str,),
    "input": (str, list),
    "max_output_tokens": (int,),
    "metadata": (dict,),
    "model": (str,),
    "parallel_tool_calls": (bool,),
    "previous_response_id": (str,),
    "prompt_cache_key": (str,),
    "safety_identifier": (str,),
    "store": (bool,),
    "stream": (bool,),
    "temperature": (int, float),
    "tools": (list,),
    "include": (list,),
    "reasoning": (dict,),
}
INCLUDABLE = frozenset({"reasoning.encrypted_content", "message.output_text.logprobs"})
LONGEST = {"safety_identifier": 64, "prompt_cache_key": 64, "user": 64}
KEYWORDS = frozenset(
    [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "description",
        "enum",
        "items",
        "anyOf",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "const",
        "title",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "$defs",
        "$ref",
    ]
)


@dataclass(frozen=True)
class Broken:
    message: str
    code: str | None = None
    param: str | None = None
    status: int = 400
    type: str = "invalid_request_error"

    def body(self) -> dict[str, Any]:
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }


class RefusedError(Exception):
    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.message)
        self.broken = broken


def refuse(message: str, code: str | None = None, param: str | None = None) -> NoReturn:
    raise RefusedError(Broken(message, code, param))


def is_reasoning(model: str) -> bool:
    return bool(re.match(r"(gpt-5(?!.*-chat)|o[134])", model))


def check_parameters(body: Any, models: frozenset[str]) -> None:
    if not isinstance(body, dict):
        refuse("Invalid type for request body: expected an object.", "invalid_type")
    for name, value in body.items():
        if name not in PARAMETERS:
            refuse(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        _check_type(name, value)
    if "model" not in body:
        name = "model"
        refuse(
            f"Missing required parameter: '{name}'.", "missing_required_parameter", name
        )
    if body["model"] not in models:
        message = f"The requested model '{body['model']}' does not exist."
        refuse(message, "model_not_found", "model")
    if "input" not in body or body["input"] in ("", []):
        message = "One of 'input' or 'previous_response_id' must be provided."
        refuse(message, "missing_required_parameter", "input")
    _check_limits(body)
    _check_reasoning(body)


def _check_type(name: str, value: Any) -> None:
    wanted = TYPES.get(name)
    is_bool = isinstance(value, bool) and bool not in (wanted or ())
    if value is None or wanted is None or (isinstance(value, wanted) and not is_bool):
        return
    expected = " or ".join(kind.__name__ for kind in wanted)
    refuse(
        f"Invalid type for '{name}': expected {expected}, but got "
        f"{type(value).__name__} instead.",
        "invalid_type",
        name,
    )


def _check_limits(body: dict[str, Any]) -> None:
    tokens = body.get("max_output_tokens")
    if tokens is not None and tokens < 16:
        refuse(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a "
            f"value >= 16, but got {tokens} instead.",
            "integer_below_min_value",
            "max_output_tokens",
        )
    for name, longest in LONGEST.items():
        value = body.get(name)
        if isinstance(value, str) and len(value) > longest:
            refuse(
                f"Invalid '{name}': string too long. Expected a string with maximum "
                f"length {longest}, but got a string with length {len(value)} instead.",
                "string_above_max_length",
                name,
            )


def _check_reasoning(body: dict[str, Any]) -> None:
    reasons = is_reasoning(body["model"])
    for place, value in enumerate(body.get("include") or ()):
        if value not in INCLUDABLE:
            refuse(f"Invalid value: '{value}'.", "invalid_value", f"include[{place}]")
        if value == "reasoning.encrypted_content" and not reasons:
            refuse(
                "Encrypted content is not supported with this model.", None, "include"
            )
    if body.get("reasoning") and not reasons:
        name = "reasoning.effort"
        message = f"Unsupported parameter: '{name}' is not supported with this model."
        refuse(message, "unsupported_parameter", name)
    if body.get("temperature") is not None and reasons:
        name = "temperature"
        message = f"Unsupported parameter: '{name}' is not supported with this model."
        refuse(message, "unsupported_parameter", name)


def check_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools") or []
    names: set[str] = set()
    for place, tool in enumerate(tools):
        param = f"tools[{place}]"
        if not isinstance(tool, dict) or tool.get("type") != "function":
            refuse(
                f"Invalid value for '{param}.type'.", "invalid_value", f"{param}.type"
            )
        if unknown := tool.keys() - {
            "type",
            "name",
            "description",
            "parameters",
            "strict",
        }:
            name = f"{param}.{min(unknown)}"
            refuse(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        _check_tool_name(tool.get("name"), param)
        if tool["name"] in names:
            refuse(f"Duplicate tool name '{tool['name']}'.", "invalid_value", param)
        names.add(tool["name"])
        if tool.get("strict", True):
            _check_schema(tool.get("parameters"), tool["name"], param, ())
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in {"auto", "none", "required"}:
        refuse(f"Invalid value: '{choice}'.", "invalid_value", "tool_choice")
    if choice == "required" and not tools:
        refuse("Tool choice 'required' must be specified with 'tools' parameter.")


def _check_tool_name(name: Any, param: str) -> None:
    if not isinstance(name, str):
        refuse(
            f"Missing required parameter: '{param}.name'.",
            "missing_required_parameter",
            f"{param}.name",
        )
    if not TOOL_NAME.match(name) or len(name) > 64:
        refuse(
            f"Invalid '{param}.name': string does not match pattern. Expected a string "
            "that matches the pattern '^[a-zA-Z0-9_-]+$'.",
            "invalid_value",
            f"{param}.name",
        )


def _check_schema(schema: Any, tool: str, param: str, at: tuple[str, ...]) -> None:
    def broken(why: str) -> NoReturn:
        refuse(
            f"Invalid schema for function '{tool}': In context={at}, {why}",
            "invalid_function_parameters",
            f"{param}.parameters",
        )

    if why := _flaw_of_schema(schema, is_root=not at):
        broken(why)
    if schema.get("type") == "object":
        if why := _flaw_of_object(schema):
            broken(why)
        for key, value in schema.get("properties", {}).items():
            _check_schema(value, tool, param, (*at, "properties", key))
    if schema.get("type") == "array":
        if "items" not in schema:
            broken("array schema missing items.")
        _check_schema(schema["items"], tool, param, (*at, "items"))
    for place, option in enumerate(schema.get("anyOf", ())):
        _check_schema(option, tool, param, (*at, "anyOf", str(place)))


def _flaw_of_schema(schema: Any, *, is_root: bool) -> str | None:
    if not isinstance(schema, dict):
        return "schema must be an object."
    if unknown := schema.keys() - KEYWORDS:
        return f"'{min(unknown)}' is not permitted."
    if not schema.keys() & {"type", "anyOf", "$ref"}:
        return "schema must have a 'type' key."
    if is_root and schema.get("type") != "object":
        return f"schema must be of type 'object', got type: '{schema.get('type')}'."
    return None


def _flaw_of_object(schema: dict[str, Any]) -> str | None:
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    properties = set(schema.get("properties", {}))
    required = set(schema.get("required", ()))
    if properties == required:
        return None
    return (
        "'required' is required to be supplied and to be an array including every key "
        f"in properties. Missing '{min(properties ^ required)}'."
    )
