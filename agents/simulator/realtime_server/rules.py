"""What OpenAI Realtime refuses, by the shapes of its SDK's types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
VOICES = {
    "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin",
    "cedar",
}  # fmt: skip

# Allowed keys by path; a path that is no key here has a value that is not looked into.
SESSION_KEYS: dict[str, frozenset[str]] = {
    path: frozenset(keys.split())
    for path, keys in {
        "": "type audio include instructions max_output_tokens model output_modalities"
        " parallel_tool_calls prompt reasoning tool_choice tools tracing truncation",
        "audio": "input output",
        "audio.input": "format noise_reduction transcription turn_detection",
        "audio.output": "format speed voice",
        "audio.input.noise_reduction": "type strength",
        "audio.input.transcription": "delay keywords language languages model prompt",
        "reasoning": "effort",
    }.items()
}
TURN_DETECTION_KEYS = {
    "server_vad": frozenset(
        [
            "type",
            "create_response",
            "idle_timeout_ms",
            "interrupt_response",
            "prefix_padding_ms",
            "silence_duration_ms",
            "threshold",
        ]
    ),
    "semantic_vad": frozenset(
        ["type", "create_response", "eagerness", "interrupt_response"]
    ),
}
TOOL_KEYS = frozenset(["type", "name", "description", "parameters"])
RESPONSE_KEYS = frozenset(
    [
        "audio",
        "conversation",
        "input",
        "instructions",
        "max_output_tokens",
        "metadata",
        "output_modalities",
        "parallel_tool_calls",
        "prompt",
        "reasoning",
        "tool_choice",
        "tools",
    ]
)
EVENT_KEYS = {
    "session.update": frozenset({"session"}),
    "response.create": frozenset({"response"}),
    "response.cancel": frozenset({"response_id"}),
    "output_audio_buffer.clear": frozenset(),
    "conversation.item.create": frozenset({"item", "previous_item_id"}),
    "conversation.item.delete": frozenset({"item_id"}),
    "conversation.item.retrieve": frozenset({"item_id"}),
    "conversation.item.truncate": frozenset(
        {"item_id", "content_index", "audio_end_ms"}
    ),
    "input_audio_buffer.append": frozenset({"audio"}),
    "input_audio_buffer.clear": frozenset(),
    "input_audio_buffer.commit": frozenset(),
}
ITEM_KEYS = {
    "function_call_output": frozenset(
        ["type", "call_id", "output", "id", "object", "status"]
    ),
    "message": frozenset(["type", "role", "content", "id", "object", "status"]),
    "function_call": frozenset(
        ["type", "name", "arguments", "call_id", "id", "object", "status"]
    ),
}
# Only these transcription models take several languages or keywords.
LIST_MODELS = ("gpt-transcribe", "gpt-live-transcribe")


@dataclass(frozen=True)
class Refusal(Exception):
    code: str
    message: str
    param: str | None = None

    def body(self, event_id: str | None = None) -> dict[str, Any]:
        return {
            "type": "invalid_request_error",
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": event_id,
        }


def unknown(path: str) -> Refusal:
    return Refusal("unknown_parameter", f"Unknown parameter: '{path}'.", path)


def missing(path: str) -> Refusal:
    return Refusal(
        "missing_required_parameter", f"Missing required parameter: '{path}'.", path
    )


def invalid_type(path: str) -> Refusal:
    return Refusal("invalid_type", f"Invalid type for '{path}'.", path)


def invalid_value(path: str) -> Refusal:
    return Refusal("invalid_value", f"Invalid value: '{path}'.", path)


def check_event(event: Any) -> None:
    """Check the type and the keys of an event of the client."""
    if not isinstance(event, dict):
        raise invalid_type("event")
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in EVENT_KEYS:
        raise invalid_value("type")
    for key in event:
        if key not in EVENT_KEYS[kind] | {"type", "event_id"}:
            raise unknown(key)


def check_session(session: Any, *, prefix: str = "session.") -> None:
    """Check a session's settings; nothing of a refused one is taken."""
    if not isinstance(session, dict):
        raise invalid_type(prefix.rstrip("."))
    if "type" not in session:
        raise missing(prefix + "type")
    if session["type"] != "realtime":
        raise invalid_value(prefix + "type")
    _check_keys(session, "", prefix)
    if not isinstance(session.get("instructions", ""), str):
        raise invalid_type(prefix + "instructions")
    _check_tools(session.get("tools", []), prefix + "tools")
    audio = session.get("audio", {})
    _check_turn_detection(audio.get("input", {}).get("turn_detection"), prefix)
    _check_transcription(audio.get("input", {}).get("transcription"), prefix)
    voice = audio.get("output", {}).get("voice", "alloy")
    if not isinstance(voice, dict) and voice not in VOICES:
        raise invalid_value(prefix + "audio.output.voice")


def _check_keys(value: dict[str, Any], path: str, prefix: str) -> None:
    for key, inner in value.items():
        full = f"{path}.{key}".lstrip(".")
        if key not in SESSION_KEYS[path]:
            raise unknown(prefix + full)
        if full in SESSION_KEYS and inner is not None:
            if not isinstance(inner, dict):
                raise invalid_type(prefix + full)
            _check_keys(inner, full, prefix)


def _check_turn_detection(given: Any, prefix: str) -> None:
    path = prefix + "audio.input.turn_detection"
    if given is None:
        return
    if not isinstance(given, dict):
        raise invalid_type(path)
    keys = TURN_DETECTION_KEYS.get(given.get("type", ""))
    if keys is None:
        raise invalid_value(path + ".type")
    for key in given:
        if key not in keys:
            raise unknown(f"{path}.{key}")
    idle = given.get("idle_timeout_ms")
    if idle is not None and not (type(idle) is int and 5_000 <= idle <= 30_000):
        raise invalid_value(path + ".idle_timeout_ms")
    for key in ("create_response", "interrupt_response"):
        if not isinstance(given.get(key, True), bool):
            raise invalid_type(f"{path}.{key}")


def _check_transcription(given: Any, prefix: str) -> None:
    path = prefix + "audio.input.transcription"
    if not isinstance(given, dict):
        return
    for key in ("languages", "keywords"):
        if key in given and given.get("model") not in LIST_MODELS:
            raise unknown(f"{path}.{key}")


def _check_tools(tools: Any, path: str) -> None:
    if not isinstance(tools, list):
        raise invalid_type(path)
    for index, tool in enumerate(tools):
        here = f"{path}[{index}]"
        if not isinstance(tool, dict):
            raise invalid_type(here)
        if tool.get("type") != "function":
            raise invalid_value(here + ".type")
        for key in tool:
            if key not in TOOL_KEYS:
                raise unknown(f"{here}.{key}")
        if not isinstance(tool.get("name"), str) or not tool["name"]:
            raise missing(here + ".name")
        if not isinstance(tool.get("parameters", {}), dict):
            raise invalid_type(here + ".parameters")


def check_response(response: Any) -> None:
    if not isinstance(response, dict):
        raise invalid_type("response")
    for key in response:
        if key not in RESPONSE_KEYS:
            raise unknown(f"response.{key}")
    metadata = response.get("metadata") or {}
    for key, value in metadata.items():
        if not isinstance(value, str) or len(key) > 64 or len(value) > 512:
            raise invalid_value("response.metadata")


def check_item(item: Any) -> None:
    if not isinstance(item, dict):
        raise invalid_type("item")
    keys = ITEM_KEYS.get(item.get("type", ""))
    if keys is None:
        raise invalid_value("item.type")
    for key in item:
        if key not in keys:
            raise unknown(f"item.{key}")
    if item["type"] == "message":
        _check_message(item)
    if item["type"] == "function_call_output":
        if not isinstance(item.get("output"), str):
            raise invalid_type("item.output")
        call_id = item.get("call_id")
        if not isinstance(call_id, str) or not CALL_ID.fullmatch(call_id):
            raise Refusal(
                "invalid_value",
                "Invalid 'item.call_id': expected a string of the pattern "
                "'^[a-zA-Z0-9_-]+$'.",
                "item.call_id",
            )


def _check_message(item: dict[str, Any]) -> None:
    wanted = {"system": "input_text", "user": "input_text", "assistant": "output_text"}
    kind = wanted.get(item.get("role", ""))
    if kind is None:
        raise invalid_value("item.role")
    if not isinstance(item.get("content"), list):
        raise missing("item.content")
    for index, part in enumerate(item["content"]):
        if part.get("type") not in {kind, "input_audio"}:
            raise invalid_value(f"item.content[{index}].type")


def has_audio_format(session: dict[str, Any]) -> bool:
    """Tell whether the settings name a format, which on SIP turns speech to noise."""
    audio = session.get("audio") or {}
    return any("format" in (audio.get(side) or {}) for side in ("input", "output"))


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the settings after an update: objects are merged, the rest replaced."""
    result = dict(old)
    for key, value in new.items():
        inner = result.get(key)
        is_nested = isinstance(value, dict) and isinstance(inner, dict)
        keeps = key in {"audio", "input", "output"}
        result[key] = merged(inner, value) if is_nested and keeps and inner else value
    return result
