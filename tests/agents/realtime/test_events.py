from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest

from agents.realtime import provider as neutral
from agents.realtime.events import READERS, UnreadableEvent, parse

# With cached text and audio, as OpenAI counts them: the cached are part of the input.
USAGE = {
    "total_tokens": 1_300,
    "input_tokens": 1_000,
    "output_tokens": 300,
    "input_token_details": {
        "text_tokens": 700,
        "audio_tokens": 300,
        "image_tokens": 0,
        "cached_tokens": 640,
        "cached_tokens_details": {
            "text_tokens": 512,
            "audio_tokens": 128,
            "image_tokens": 0,
        },
    },
    "output_token_details": {"text_tokens": 60, "audio_tokens": 240},
}


def done(status: str = "completed", **more: Any) -> str:
    response = {"id": "resp_1", "status": status, "output": [], "usage": USAGE} | more
    return json.dumps({"type": "response.done", "event_id": "e", "response": response})


def test_parse__usage_with_cached_text_and_audio__is_split_exactly() -> None:
    # When
    event = parse(done())

    # Then
    assert isinstance(event, neutral.ResponseEnded)
    assert event.usage == neutral.CallUsage(
        input_text=700,
        input_audio=300,
        cached_text=512,
        cached_audio=128,
        output_text=60,
        output_audio=240,
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input_tokens", 999),
        ("output_tokens", 301),
        ("input_token_details.cached_tokens", 641),
        ("input_token_details", None),
        ("output_token_details", None),
        ("input_token_details.cached_tokens_details.text_tokens", 900),
    ],
)
def test_parse__usage_that_does_not_add_up__is_unknown_and_not_zero(
    path: str, value: object
) -> None:
    # Given
    usage = json.loads(json.dumps(USAGE))
    *folders, last = path.split(".")
    inner = usage
    for folder in folders:
        inner = inner[folder]
    inner[last] = value

    # When
    event = parse(done(usage=usage))

    # Then
    assert isinstance(event, neutral.ResponseEnded)
    assert event.usage.is_known is False


CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "list_vouchers",
    "arguments": "{}",
    "status": "completed",
}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("cancelled", "turn_detected"),
        ("cancelled", "client_cancelled"),
        ("incomplete", "max_output_tokens"),
        ("incomplete", "content_filter"),
        ("failed", ""),
    ],
)
def test_parse__a_response_that_did_not_complete__has_no_tool_calls(
    status: str, reason: str
) -> None:
    # When
    event = parse(
        done(status, output=[CALL], status_details={"type": status, "reason": reason})
    )

    # Then
    assert isinstance(event, neutral.ResponseEnded)
    assert event.tool_calls == ()
    assert (event.status, event.reason) == (status, reason)


def test_parse__a_completed_response__has_its_completed_calls_in_order() -> None:
    # Given
    half = CALL | {"call_id": "call_2", "status": "incomplete"}
    other = CALL | {"call_id": "call_3", "name": "hand_off"}

    # When
    event = parse(done(output=[CALL, half, other]))

    # Then
    assert isinstance(event, neutral.ResponseEnded)
    assert [call.call_id for call in event.tool_calls] == ["call_1", "call_3"]
    assert "list_vouchers" in repr(event)


def test_parse__arguments_of_a_function_alone__are_no_event() -> None:
    raw = {"type": "response.function_call_arguments.done"} | CALL
    assert (
        parse(json.dumps(raw | {"type": "response.function_call_arguments.done"}))
        is None
    )


def test_parse__two_presses_of_a_key__are_equal_and_hidden_from_traces() -> None:
    # When
    raw = json.dumps(
        {
            "type": "input_audio_buffer.dtmf_event_received",
            "event": "7",
            "received_at": 1,
        }
    )
    event = parse(raw)

    # Then
    assert event == neutral.KeyPressed("7")
    assert "7" not in repr(event)


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"item_id": 1, "response_id": [], "response": "x", "session": 3, "error": []},
        {"item_id": "", "response": {}, "session": {"tools": [1]}, "event": "77"},
        {"item_id": "x" * 129, "response": {"id": "", "status": "odd"}},
    ],
)
def test_parse__a_malformed_event__is_unreadable_or_harmless(
    kind: str, fields: dict[str, Any]
) -> None:
    with contextlib.suppress(UnreadableEvent):
        event = parse(json.dumps({"type": kind} | fields))
        assert isinstance(event, neutral.SessionStarted | neutral.SessionChanged)


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b'{"type": 1}', b"[" * 100_000])
def test_parse__no_event__is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        parse(raw)


@pytest.mark.parametrize(
    "kind", ["response.output_audio.delta", "rate_limits.updated", "something.new"]
)
def test_parse__an_event_that_the_call_does_not_need__is_none(kind: str) -> None:
    assert parse(json.dumps({"type": kind, "delta": "AAAA"})) is None
