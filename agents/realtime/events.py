"""Translate OpenAI's Realtime events to the neutral ones.

Parsed with `json.loads`: the classes of the SDK take twenty times as long, and most
events are deltas that nothing here needs.

https://platform.openai.com/docs/api-reference/realtime-server-events
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agents.realtime import provider as neutral

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = frozenset("0123456789*#ABCD")
# A call's id becomes part of our rows, so that only this form is taken.
MAX_ID = 128
STATUSES: dict[str, neutral.ResponseStatus] = {
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
    "incomplete": "incomplete",
}


class UnreadableEvent(ValueError):
    """The bytes are no event of the Realtime API; the message says why."""


def parse(raw: bytes | str) -> neutral.VoiceEvent | None:
    """Return the event, or None for one that the call does not need."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnreadableEvent("no JSON") from None
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        raise UnreadableEvent("no type")
    reader = READERS.get(kind)
    if reader is None:
        return None
    try:
        return reader(event)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UnreadableEvent(kind) from None


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _item(event: dict[str, Any]) -> str:
    return _identifier(event["item_id"])


def _response(event: dict[str, Any]) -> str:
    return _identifier(event["response_id"])


def _session_changed(event: dict[str, Any]) -> neutral.SessionChanged:
    tools = event["session"].get("tools") or []
    return neutral.SessionChanged(tuple(_text(tool["name"]) for tool in tools))


def _key(event: dict[str, Any]) -> neutral.KeyPressed:
    digit = _text(event["event"]).upper()
    if digit not in KEYS:
        raise ValueError
    return neutral.KeyPressed(digit)


def _caller_words(event: dict[str, Any]) -> neutral.CallerWords:
    return neutral.CallerWords(
        _item(event),
        _text(event["transcript"]),
        _transcription_usage(event.get("usage")),
    )


def _transcription_usage(usage: Any) -> neutral.TranscriptionUsage:
    if not isinstance(usage, dict):
        return neutral.TranscriptionUsage(is_known=False)
    if usage.get("type") == "duration":
        return neutral.TranscriptionUsage(seconds=float(usage["seconds"]))
    details = usage.get("input_token_details") or {}
    total = _count(usage.get("input_tokens"))
    text = _count(details.get("text_tokens"))
    return neutral.TranscriptionUsage(
        input_text=text,
        # Without details the dearer kind is counted.
        input_audio=max(total - text, _count(details.get("audio_tokens"))),
        output_text=_count(usage.get("output_tokens")),
        is_known="input_tokens" in usage,
    )


def _response_started(event: dict[str, Any]) -> neutral.ResponseStarted:
    response = event["response"]
    metadata = response.get("metadata") or {}
    return neutral.ResponseStarted(
        _identifier(response["id"]),
        str(metadata.get("reference", "")),
        str(metadata.get("line", "")),
    )


def _response_ended(event: dict[str, Any]) -> neutral.ResponseEnded:
    response = event["response"]
    details = response.get("status_details") or {}
    error = details.get("error") or {}
    output = response.get("output") or []
    status = STATUSES[response["status"]]
    return neutral.ResponseEnded(
        response_id=_identifier(response["id"]),
        status=status,
        reason=details.get("reason") or "",
        error=error.get("code") or error.get("type") or "",
        # Arguments of a response that was cut may be half of what the model meant.
        tool_calls=_tool_calls(output) if status == "completed" else (),
        has_words=any(item.get("type") == "message" for item in output),
        usage=usage_of(response.get("usage")),
    )


def _tool_calls(output: list[dict[str, Any]]) -> tuple[neutral.ToolCalled, ...]:
    return tuple(
        neutral.ToolCalled(
            _identifier(item["call_id"]), _text(item["name"]), _text(item["arguments"])
        )
        for item in output
        if item.get("type") == "function_call"
        and item.get("status", "completed") == "completed"
    )


def usage_of(usage: Any) -> neutral.CallUsage:
    """Return the tokens by kind; unknown when the details do not add up."""
    if not isinstance(usage, dict):
        return neutral.CallUsage(is_known=False)
    taken = usage.get("input_token_details") or {}
    made = usage.get("output_token_details") or {}
    cached = taken.get("cached_tokens_details") or {}
    found = neutral.CallUsage(
        input_text=_count(taken.get("text_tokens")),
        input_audio=_count(taken.get("audio_tokens")),
        input_image=_count(taken.get("image_tokens")),
        cached_text=_count(cached.get("text_tokens")),
        cached_audio=_count(cached.get("audio_tokens")),
        cached_image=_count(cached.get("image_tokens")),
        output_text=_count(made.get("text_tokens")),
        output_audio=_count(made.get("audio_tokens")),
    )
    adds_up = (
        found.input_text + found.input_audio + found.input_image
        == _count(usage.get("input_tokens"))
        and found.output_text + found.output_audio == _count(usage.get("output_tokens"))
        and found.cached_text + found.cached_audio + found.cached_image
        == _count(taken.get("cached_tokens"))
        and found.cached_text <= found.input_text
        and found.cached_audio <= found.input_audio
    )
    return found if adds_up else _with_unknown(found)


def _with_unknown(found: neutral.CallUsage) -> neutral.CallUsage:
    return found + neutral.CallUsage(is_known=False)


def _count(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError
    return value


def _agent_words(event: dict[str, Any]) -> neutral.AgentWords:
    return neutral.AgentWords(
        _response(event), _item(event), _text(event["transcript"])
    )


def _fault(event: dict[str, Any]) -> neutral.ProviderFault:
    error = event["error"]
    return neutral.ProviderFault(
        code=str(error.get("code") or error.get("type") or "unknown")[:64],
        param=str(error.get("param") or "")[:128],
        event_id=str(error.get("event_id") or "")[:MAX_ID],
    )


READERS: dict[str, Callable[[dict[str, Any]], neutral.VoiceEvent]] = {
    "session.created": lambda _: neutral.SessionStarted(),
    "session.updated": _session_changed,
    "input_audio_buffer.speech_started": lambda e: neutral.CallerStarted(_item(e)),
    "input_audio_buffer.speech_stopped": lambda e: neutral.CallerStopped(_item(e)),
    "input_audio_buffer.committed": lambda e: neutral.CallerCommitted(_item(e)),
    "input_audio_buffer.timeout_triggered": lambda e: neutral.CallerSilent(_item(e)),
    "input_audio_buffer.dtmf_event_received": _key,
    "conversation.item.input_audio_transcription.completed": _caller_words,
    "conversation.item.input_audio_transcription.failed": lambda e: neutral.CallerWords(
        _item(e), None
    ),
    "response.created": _response_started,
    "response.output_audio_transcript.done": _agent_words,
    "response.done": _response_ended,
    "output_audio_buffer.started": lambda e: neutral.PlaybackStarted(_response(e)),
    "output_audio_buffer.stopped": lambda e: neutral.PlaybackEnded(
        _response(e), is_complete=True
    ),
    "output_audio_buffer.cleared": lambda e: neutral.PlaybackEnded(
        _response(e), is_complete=False
    ),
    "error": _fault,
}
