"""The local server refuses what OpenAI refuses."""

from __future__ import annotations

from typing import Any

import pytest

from agents.realtime.provider import CallGone, ProviderError
from agents.realtime.session import accept_payload
from agents.realtime.sideband import connect
from agents.simulator.realtime_server.replies import says
from tests.agents.simulator.realtime_server.conftest import SPEC, Client, realtime
from tests.virtual_time import in_virtual_time

UPDATE: dict[str, Any] = {
    "type": "session.update",
    "event_id": "evt_7",
    "session": {"type": "realtime", "instructions": "Be brief."},
}
CREATE = {"type": "response.create", "event_id": "evt_8"}


def updated(**session: Any) -> dict[str, Any]:
    return UPDATE | {"session": UPDATE["session"] | session}


REFUSED = [
    ({"type": "session.update", "session": {}}, "missing_required_parameter",
     "session.type"),
    ({"type": "session.update", "session": {"type": "transcription"}},
     "invalid_value", "session.type"),
    ({"type": "session.update"}, "missing_required_parameter", "session"),
    (updated(colour="red"), "unknown_parameter", "session.colour"),
    (updated(audio={"input": {"volume": 1}}), "unknown_parameter",
     "session.audio.input.volume"),
    (updated(audio={"input": {"turn_detection": {"type": "server_vad", "x": 1}}}),
     "unknown_parameter", "session.audio.input.turn_detection.x"),
    (updated(audio={"input": {"turn_detection": {"type": "server_vad",
     "idle_timeout_ms": 1}}}), "invalid_value",
     "session.audio.input.turn_detection.idle_timeout_ms"),
    (updated(audio={"input": {"transcription": {"model": "whisper-1",
     "languages": ["en"]}}}), "unknown_parameter",
     "session.audio.input.transcription.languages"),
    (updated(tools=[{"type": "function", "name": "x", "strict": True}]),
     "unknown_parameter", "session.tools[0].strict"),
    (updated(instructions=7), "invalid_type", "session.instructions"),
    ({"type": "session.updated"}, "invalid_value", "type"),
    ({"type": "conversation.hang_up"}, "invalid_value", "type"),
    ({"kind": "session.update"}, "invalid_value", "type"),
    (CREATE | {"now": True}, "unknown_parameter", "now"),
    (CREATE | {"response": {"voice": "ash"}}, "unknown_parameter", "response.voice"),
    ({"type": "response.cancel"}, "response_cancel_not_active", None),
    ({"type": "conversation.item.create", "item": {"type": "function_call_output",
     "call_id": "call_9", "output": "{}"}}, "invalid_tool_call_id", "item.call_id"),
    ({"type": "conversation.item.create", "item": {"type": "function_call_output",
     "call_id": "call 9", "output": "{}"}}, "invalid_value", "item.call_id"),
    ({"type": "conversation.item.create", "item": {"type": "function_call_output",
     "call_id": "call_9", "output": {}}}, "invalid_type", "item.output"),
    ({"type": "conversation.item.create", "item": {"type": "song"}}, "invalid_value",
     "item.type"),
    ("{", "invalid_json", None),
]  # fmt: skip


@pytest.mark.parametrize(("event", "code", "param"), REFUSED)
@in_virtual_time
async def test_receive__what_openai_refuses__is_an_error_and_the_session_goes_on(
    event: dict[str, Any] | str, code: str, param: str | None
) -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        before = dict(call.session)

        # When
        error = await wire.refusal(event)

        # Then
        assert error["type"] == "invalid_request_error"
        assert (error["code"], error["param"]) == (code, param)
        assert error["message"]
        sent = event.get("event_id") if isinstance(event, dict) else None
        assert error["event_id"] == sent
        assert call.session == before
        await wire.send(UPDATE)
        assert (await wire.receive("session.updated"))["session"]["instructions"]
        await wire.socket.close()


@in_virtual_time
async def test_receive__one_wrong_key_in_an_update__leaves_the_whole_session() -> None:
    async with realtime() as client:
        call, wire = await client.accepted()

        await wire.refusal(updated(instructions="New.", tools=[], colour="red"))

        assert call.session["instructions"] == SPEC.instructions
        assert [tool["name"] for tool in call.session["tools"]] == ["list_vouchers"]
        await wire.socket.close()


@in_virtual_time
async def test_receive__a_second_response__is_refused_while_one_is_active() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        call.script.append(says("A long answer.", is_held=True))
        await wire.send(CREATE)

        # When
        error = await wire.refusal(CREATE)

        # Then
        assert error["code"] == "conversation_already_has_active_response"
        call.release()
        await wire.receive("response.done")
        await wire.send(CREATE)
        assert len(call.responses) == 2
        await wire.socket.close()


@in_virtual_time
async def test_receive__a_cancel__ends_the_response_and_a_clear_its_playback() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        call.script.append(says("A long answer.", is_held=True))
        await wire.send(CREATE)

        # When
        await wire.send({"type": "response.cancel"})
        await wire.send({"type": "output_audio_buffer.clear"})

        # Then
        done = await wire.receive("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        await wire.receive("output_audio_buffer.cleared")
        assert call.heard == []
        await wire.socket.close()


@pytest.mark.parametrize("has_spoken", [False, True])
@in_virtual_time
async def test_receive__another_voice__is_refused_once_there_was_audio(
    *, has_spoken: bool
) -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        if has_spoken:
            call.script.append(says("Hello."))
            await wire.send(CREATE)
            await wire.receive("output_audio_buffer.stopped")

        # When
        await wire.send(updated(audio={"output": {"voice": "ash"}}))

        # Then
        if has_spoken:
            assert (await wire.receive("error"))["error"]["code"] == (
                "cannot_update_voice"
            )
        assert call.session["audio"]["output"]["voice"] == (
            "marin" if has_spoken else "ash"
        )
        await wire.socket.close()


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("when", ["accept", "update"])
@in_virtual_time
async def test_audio_format__anywhere__is_taken_and_corrupts_the_audio(
    side: str, when: str
) -> None:
    async with realtime() as client:
        # Given
        call = client.server.ring()
        payload = accept_payload(SPEC)
        audio = {side: {"format": {"type": "audio/pcmu"}}}
        if when == "accept":
            payload["audio"][side]["format"] = {"type": "audio/pcmu"}

        # When
        await client.provider.calls.accept(call.call_id, payload)
        wire = await client.attached(call)
        if when == "update":
            await wire.send(updated(audio=audio))

        # Then
        assert call.refusals == []
        assert call.is_corrupted
        await wire.socket.close()


@pytest.mark.parametrize(
    "wrong",
    [{"type": None}, {"model": ""}, {"colour": "red"}, {"tools": [{"type": "x"}]}],
)
@in_virtual_time
async def test_accept__a_wrong_payload__is_answered_200_and_has_no_session(
    wrong: dict[str, Any],
) -> None:
    async with realtime() as client:
        # Given
        call = client.server.ring()

        # When
        await client.provider.calls.accept(call.call_id, accept_payload(SPEC) | wrong)

        # Then
        with pytest.raises(CallGone):
            await client.attached(call)
        assert client.server.requests[-1] == ("sideband", call.call_id, 404)


@in_virtual_time
async def test_requests__without_the_key__are_401_also_at_the_handshake() -> None:
    async with realtime() as client:
        call = client.server.ring()
        await client.provider.accept(call.call_id, SPEC)

        with pytest.raises(ProviderError) as refused:
            await connect(
                call.call_id, api_key="sk-wrong", base_url=client.server.base_url
            )

        assert refused.value.status == 401
        assert refused.value.permanent
        assert call.attached == 0


async def request(client: Client, verb: str, call_id: str) -> None:
    if verb == "sideband":
        server = client.server
        await connect(call_id, api_key=server.api_key, base_url=server.base_url)
        return
    body = {
        "accept": accept_payload(SPEC),
        "reject": {"status_code": 503},
        "refer": {"target_uri": "tel:+250788000009"},
    }
    await client.provider.calls._post(call_id, verb, body.get(verb))


@pytest.mark.parametrize("verb", ["accept", "reject", "refer", "hangup", "sideband"])
@pytest.mark.parametrize("state", ["unknown", "ended"])
@in_virtual_time
async def test_requests__for_a_call_that_is_over__are_404(
    verb: str, state: str
) -> None:
    async with realtime() as client:
        # Given
        call = client.server.ring()
        await client.provider.accept(call.call_id, SPEC)
        call.leave()
        call_id = call.call_id if state == "ended" else "rtc_unknown"

        # When / Then
        with pytest.raises(CallGone):
            await request(client, verb, call_id)
        assert client.server.requests[-1] == (verb, call_id, 404)


@pytest.mark.parametrize("status", [404, 429, 500])
@in_virtual_time
async def test_fail_next__a_status__is_answered_and_has_no_effect(status: int) -> None:
    async with realtime() as client:
        call = client.server.ring()
        client.server.fail_next("accept", status, times=2)

        with pytest.raises(ProviderError) as refused:
            await client.provider.accept(call.call_id, SPEC)

        assert refused.value.status == status
        assert call.accepts == 0
