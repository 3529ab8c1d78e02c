"""Build and check the settings of a session.

OpenAI answers 200 to a wrong accept payload and lets the call die, so that every payload
is checked here before it is sent.

https://platform.openai.com/docs/api-reference/realtime-calls/accept-call
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.realtime.provider import PayloadError

if TYPE_CHECKING:
    from collections.abc import Mapping

IDLE_TIMEOUT_MS = 10_000
SILENCE_MS = 500
PADDING_MS = 300
MAX_OUTPUT_TOKENS = 800
RETENTION_RATIO = 0.8
TRANSCRIPTION_MODEL = "gpt-transcribe"
# Only these take several languages and keywords.
LANGUAGE_LIST_MODELS = ("gpt-transcribe", "gpt-live-transcribe")
VOICES = frozenset(
    [
        "alloy",
        "ash",
        "ballad",
        "coral",
        "echo",
        "sage",
        "shimmer",
        "verse",
        "marin",
        "cedar",
    ]
)
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# No number of a person belongs in a payload: nine digits in any grouping.
_NUMBER = re.compile(r"\+?\d(?:[\s().-]?\d){8,}")
_KEYS = {
    "": {
        "type", "model", "instructions", "output_modalities", "audio", "tools",
        "tool_choice", "tracing", "max_output_tokens", "truncation", "reasoning",
    },
    "audio": {"input", "output"},
    "audio.input": {"transcription", "turn_detection", "noise_reduction"},
    "audio.output": {"voice", "speed"},
    "audio.input.transcription": {"model", "language", "languages", "prompt"},
    "audio.input.turn_detection": {
        "type", "threshold", "prefix_padding_ms", "silence_duration_ms",
        "idle_timeout_ms", "create_response", "interrupt_response",
    },
}  # fmt: skip


@dataclass(frozen=True)
class VoiceTool:
    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class SessionSpec:
    """The settings of one call."""

    model: str
    instructions: str = field(repr=False)
    voice: str
    tools: tuple[VoiceTool, ...] = ()
    # Languages that the caller may speak, the likeliest first.
    languages: tuple[str, ...] = ("en", "fr", "rw", "sw")
    transcription_model: str = TRANSCRIPTION_MODEL
    idle_timeout_ms: int = IDLE_TIMEOUT_MS
    # Off until the greeting was played, and again for the closing words.
    may_interrupt: bool = False
    # Off for words that must be heard to their end, whatever the caller says.
    listens: bool = True

    @property
    def tool_names(self) -> tuple[str, ...]:
        return tuple(tool.name for tool in self.tools)


def accept_payload(spec: SessionSpec) -> dict[str, Any]:
    """Return the checked body of the accept request."""
    payload: dict[str, Any] = {
        "type": "realtime",
        "model": spec.model,
        "instructions": spec.instructions,
        "output_modalities": ["audio"],
        "audio": {
            "input": _audio_input(spec),
            "output": {"voice": spec.voice},
        },
        "tools": [_tool(tool) for tool in spec.tools],
        "tool_choice": "auto",
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "truncation": {
            "type": "retention_ratio",
            "retention_ratio": RETENTION_RATIO,
        },
        "tracing": None,
    }
    check(payload)
    if not spec.listens:
        raise PayloadError("a call begins listening")
    if payload["audio"]["output"]["voice"] not in VOICES:
        raise PayloadError("audio.output.voice is unknown")
    return payload


def session_update(spec: SessionSpec) -> dict[str, Any]:
    """Return the checked `session` of an update: never a voice, never a model."""
    session: dict[str, Any] = {
        "type": "realtime",
        "instructions": spec.instructions,
        "audio": {"input": _audio_input(spec)},
        "tools": [_tool(tool) for tool in spec.tools],
        "tool_choice": "auto",
    }
    check(session)
    if "output" in session["audio"] or "model" in session:
        raise PayloadError("an update changes neither voice nor model")
    return session


def _audio_input(spec: SessionSpec) -> dict[str, Any]:
    transcription: dict[str, Any] = {"model": spec.transcription_model}
    if spec.transcription_model in LANGUAGE_LIST_MODELS:
        transcription["languages"] = list(spec.languages)
    return {
        "transcription": transcription,
        "turn_detection": _turn_detection(spec) if spec.listens else None,
    }


def _turn_detection(spec: SessionSpec) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "prefix_padding_ms": PADDING_MS,
        "silence_duration_ms": SILENCE_MS,
        "idle_timeout_ms": spec.idle_timeout_ms,
        # One writer asks for responses; see writer.py.
        "create_response": False,
        "interrupt_response": spec.may_interrupt,
    }


def _tool(tool: VoiceTool) -> dict[str, Any]:
    # Unlike in the Responses API, `strict` is an unknown parameter here.
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def has_number(text: str) -> bool:
    """Tell whether the text holds what may be the number of a person."""
    return bool(_NUMBER.search(text))


def check(session: Mapping[str, Any]) -> None:
    """Raise `PayloadError` for settings that would end or disturb the call."""
    if session.get("type") != "realtime":
        raise PayloadError('type must be "realtime"')
    _check_keys(session, "")
    if not isinstance(session.get("instructions"), str) or not session["instructions"]:
        raise PayloadError("instructions are missing")
    if has_number(session["instructions"]):
        raise PayloadError("instructions hold a number")
    if session.get("tracing") is not None:
        raise PayloadError("tracing must be null")
    if "model" in session and not session["model"]:
        raise PayloadError("model is missing")
    _check_turn_detection(session["audio"]["input"]["turn_detection"])
    _check_tools(session.get("tools"))


def _check_keys(value: Mapping[str, Any], path: str) -> None:
    """An audio format turns the caller's line to noise, so it is no known key."""
    for key, inner in value.items():
        full = f"{path}.{key}".lstrip(".")
        if key not in _KEYS[path]:
            raise PayloadError(f"{full} is not allowed")
        if full in _KEYS and inner is not None:
            if not isinstance(inner, dict):
                raise PayloadError(f"{full} must be an object")
            _check_keys(inner, full)


def _check_turn_detection(given: Mapping[str, Any] | None) -> None:
    if given is None:
        return
    if given.get("type") != "server_vad":
        raise PayloadError("turn_detection must be server_vad")
    if not 5_000 <= given["idle_timeout_ms"] <= 30_000:
        raise PayloadError("idle_timeout_ms must be 5000 to 30000")


def _check_tools(tools: Any) -> None:
    if not isinstance(tools, list):
        raise PayloadError("tools must be a list")
    names = [tool.get("name", "") for tool in tools]
    if len(set(names)) != len(names):
        raise PayloadError("two tools have one name")
    for tool in tools:
        if set(tool) != {"type", "name", "description", "parameters"}:
            raise PayloadError("a tool has other keys than the Realtime API takes")
        if not _TOOL_NAME.fullmatch(tool["name"]):
            raise PayloadError("a tool's name is invalid")
        if tool["parameters"].get("type") != "object":
            raise PayloadError(f"the parameters of {tool['name']} are no object")
