"""The rules of the Responses API about `input` items."""

from __future__ import annotations

from typing import Any

from tests.fakes.openai_rules import refuse

ITEM_KEYS = {
    "message": {"type", "id", "status", "role", "content", "phase"},
    "function_call": {"type", "id", "status", "call_id", "name", "arguments"},
    "function_call_output": {"type", "id", "status", "call_id", "output"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content", "status"},
}
REQUIRED = {
    "message": ("role", "content"),
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "reasoning": ("id", "summary"),
}
PARTS = {
    "assistant": {"output_text", "refusal"},
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text", "input_image", "input_file"},
    "developer": {"input_text", "input_image", "input_file"},
}


def check_items(items: Any, encrypted: set[str]) -> None:
    """Refuse malformed items; `encrypted` are the thoughts that the server gave out."""
    if isinstance(items, str):
        return
    for place, item in enumerate(items):
        _check_shape(item, f"input[{place}]")
        kind = item.get("type", "message")
        if kind == "message":
            _check_message(item, f"input[{place}]")
        if kind == "reasoning":
            _check_reasoning(items, place, encrypted)
    _check_calls(items)


def _check_shape(item: Any, param: str) -> None:
    if not isinstance(item, dict):
        message = (
            f"Invalid type for '{param}': expected an input item, but got "
            f"{type(item).__name__} instead."
        )
        refuse(message, "invalid_type", param)
    kind = item.get("type", "message")
    if kind not in ITEM_KEYS:
        refuse(f"Invalid value: '{kind}'.", "invalid_value", param)
    for name in REQUIRED[kind]:
        if item.get(name) is None:
            refuse(
                f"Missing required parameter: '{param}.{name}'.",
                "missing_required_parameter",
                f"{param}.{name}",
            )
    if unknown := item.keys() - ITEM_KEYS[kind]:
        name = f"{param}.{min(unknown)}"
        refuse(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    for name in ("call_id", "name", "arguments", "output"):
        if name in item and not isinstance(item[name], str):
            refuse(
                f"Invalid type for '{param}.{name}': expected a string, but got "
                f"{type(item[name]).__name__} instead.",
                "invalid_type",
                f"{param}.{name}",
            )
    if len(item.get("call_id") or "") > 64:
        refuse(
            f"Invalid '{param}.call_id': string too long. Expected a string with "
            "maximum length 64.",
            "string_above_max_length",
            f"{param}.call_id",
        )


def _check_message(item: dict[str, Any], param: str) -> None:
    role = item["role"]
    if role not in PARTS:
        refuse(
            f"Invalid value: '{role}'. Supported values are: 'assistant', 'system', "
            "'developer', and 'user'.",
            "invalid_value",
            f"{param}.role",
        )
    if item.get("phase") not in {None, "commentary", "final_answer"}:
        refuse(
            f"Invalid value: '{item['phase']}'. Supported values are: 'commentary' and "
            "'final_answer'.",
            "invalid_value",
            f"{param}.phase",
        )
    content = item["content"]
    if isinstance(content, str):
        return
    for place, part in enumerate(content):
        where = f"{param}.content[{place}]"
        if not isinstance(part, dict) or part.get("type") not in PARTS[role]:
            kind = part.get("type") if isinstance(part, dict) else part
            supported = ", ".join(f"'{name}'" for name in sorted(PARTS[role]))
            refuse(
                f"Invalid value: '{kind}'. Supported values are: {supported}.",
                "invalid_value",
                where,
            )
        text = part.get("refusal" if part["type"] == "refusal" else "text")
        if part["type"] in {"input_text", "output_text", "refusal"} and not isinstance(
            text, str
        ):
            refuse(
                f"Missing required parameter: '{where}.text'.",
                "missing_required_parameter",
                f"{where}.text",
            )


def _check_reasoning(items: list[Any], place: int, encrypted: set[str]) -> None:
    item = items[place]
    if not item.get("encrypted_content"):
        refuse(
            f"Item with id '{item['id']}' not found. Items are not persisted when "
            "`store` is set to false. Try again with `store` set to true, or remove "
            "this item from your input.",
            None,
            "input",
        )
    if item["encrypted_content"] not in encrypted:
        refuse(
            f"The encrypted content for item {item['id']} could not be verified.",
            "invalid_encrypted_content",
        )
    following = items[place + 1] if place + 1 < len(items) else {}
    is_own = following.get("type") in {"function_call", "reasoning"}
    if not (is_own or following.get("role") == "assistant"):
        refuse(
            f"Item '{item['id']}' of type 'reasoning' was provided without its "
            "required following item.",
            None,
            "input",
        )


def _check_calls(items: list[Any]) -> None:
    called: set[str] = set()
    answered: set[str] = set()
    for item in items:
        call_id = item.get("call_id")
        if item.get("type") == "function_call":
            if call_id in called:
                refuse(f"Duplicate call_id '{call_id}'.", "invalid_value", "input")
            called.add(call_id)
        elif item.get("type") == "function_call_output":
            if call_id not in called or call_id in answered:
                refuse(
                    "No tool call found for function call output with call_id "
                    f"{call_id}.",
                    None,
                    "input",
                )
            answered.add(call_id)
    for call_id in sorted(called - answered):
        refuse(f"No tool output found for function call {call_id}.", None, "input")
