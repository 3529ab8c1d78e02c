from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agents.realtime.provider import PayloadError
from agents.realtime.session import accept_payload, check, session_update
from agents.simulator.realtime_server import rules

if TYPE_CHECKING:
    from agents.realtime.session import SessionSpec


def test_accept_payload__a_spec__has_what_a_call_needs_and_no_format(
    spec: SessionSpec,
) -> None:
    # When
    payload = accept_payload(spec)

    # Then
    rules.check_session(payload, prefix="")
    assert payload["type"] == "realtime"
    assert payload["tracing"] is None
    assert payload["audio"]["output"] == {"voice": "marin"}
    detection = payload["audio"]["input"]["turn_detection"]
    assert detection["type"] == "server_vad"
    assert 5_000 <= detection["idle_timeout_ms"] <= 30_000
    assert detection["interrupt_response"] is False
    assert payload["audio"]["input"]["transcription"]["model"]
    assert [tool["name"] for tool in payload["tools"]] == ["lookup_customer"]
    assert "prompt" not in payload
    assert not rules.has_audio_format(payload)


def test_session_update__a_spec__has_a_type_and_never_a_voice(
    spec: SessionSpec,
) -> None:
    # When
    session = session_update(replace(spec, may_interrupt=True))

    # Then
    rules.check_session(session)
    assert session["type"] == "realtime"
    assert "output" not in session["audio"]
    assert "model" not in session
    assert session["audio"]["input"]["turn_detection"]["interrupt_response"] is True


def changed(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *folders, last = path.split(".")
    for folder in folders:
        payload = payload[folder]
    payload[last] = value
    return payload


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "transcription"),
        ("prompt", {"id": "pmpt_1"}),
        ("tracing", "auto"),
        ("metadata", {}),
        ("model", ""),
        ("instructions", ""),
        ("instructions", "The caller is +250 788 123 456."),
        ("instructions", "The caller is 0788-123-456."),
        ("audio.input.format", {"type": "audio/pcmu"}),
        ("audio.output.format", {"type": "audio/pcm", "rate": 24000}),
        ("audio.format", "g711_ulaw"),
        ("audio.input.turn_detection", {"type": "semantic_vad"}),
        ("audio.input.turn_detection", "server_vad"),
        ("audio.input.turn_detection.idle_timeout_ms", 4_000),
        ("audio.input.turn_detection.eagerness", "low"),
        ("tools", None),
        ("tools", [{"type": "function", "name": "x", "strict": True}]),
    ],
)
def test_check__a_payload_that_kills_or_disturbs_a_call__is_refused(
    spec: SessionSpec, path: str, value: object
) -> None:
    # Given
    payload = accept_payload(spec)
    changed(payload, path, value)

    # When / Then
    with pytest.raises(PayloadError):
        check(payload)


def test_accept_payload__a_voice_that_openai_does_not_have__is_refused(
    spec: SessionSpec,
) -> None:
    with pytest.raises(PayloadError):
        accept_payload(replace(spec, voice="aria"))
