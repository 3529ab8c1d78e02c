"""What happens on a call of the local server, apart from refusals."""

from __future__ import annotations

import asyncio

import pytest

from agents.simulator.realtime_server.replies import FunctionCall, Reply, calls, says
from tests.agents.simulator.realtime_server.conftest import realtime
from tests.agents.simulator.realtime_server.test_rules import CREATE, UPDATE, updated
from tests.virtual_time import in_virtual_time, until


@in_virtual_time
async def test_call__after_60_minutes__says_so_and_closes() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        call.activity.stop()

        # When
        await asyncio.sleep(3_601)

        # Then
        assert (await wire.receive("error"))["error"]["code"] == "session_expired"
        assert await wire.closed() == 1000
        assert call.ended_by == "expired"


@in_virtual_time
async def test_leave__a_call_in_the_middle_of_a_word__drains_nothing() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        call.script.append(calls(FunctionCall("list_vouchers"), is_held=True))
        await wire.send(CREATE)
        call.say("list", transcript_after=1.0)

        # When
        call.leave()

        # Then
        assert await wire.closed() == 1000
        await asyncio.sleep(60)
        kinds = [event["type"] for event in call.sent]
        assert "response.done" not in kinds
        assert not any(kind.endswith("transcription.completed") for kind in kinds)


@pytest.mark.parametrize(("code", "seen"), [(1000, 1000), (1005, 1005), (1011, 1011),
                                            (1006, 1006)])  # fmt: skip
@in_virtual_time
async def test_drop__a_code__closes_the_sideband_and_not_the_call(
    code: int, seen: int
) -> None:
    async with realtime() as client:
        call, wire = await client.accepted()

        call.drop(code)

        assert await wire.closed() == seen
        again = await client.attached(call)
        await again.send(UPDATE)
        await again.receive("session.updated")
        assert "session.created" not in [event["type"] for event in call.sent]
        await again.socket.close()


@pytest.mark.parametrize("works", [True, False])
@in_virtual_time
async def test_refer__200__has_an_effect_or_none(*, works: bool) -> None:
    async with realtime() as client:
        call, wire = await client.accepted()
        call.transfer_works = works

        await client.provider.transfer(call.call_id, "tel:+250788000009")
        await asyncio.sleep(5)

        assert call.transfers == ["tel:+250788000009"]
        assert call.ended_by == ("transfer" if works else "")
        await wire.socket.close()


@pytest.mark.parametrize("may_interrupt", [True, False])
@in_virtual_time
async def test_start_speaking__over_the_agent__cuts_only_where_it_may(
    *, may_interrupt: bool
) -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        detection = {
            "type": "server_vad",
            "create_response": False,
            "interrupt_response": may_interrupt,
        }
        await wire.send(updated(audio={"input": {"turn_detection": detection}}))
        call.script.append(says("one two three four five six"))
        await wire.send(CREATE)
        await wire.receive("response.done")

        # When
        call.say("wait")
        await asyncio.sleep(10)

        # Then
        [response] = call.responses
        assert response.was_heard is not may_interrupt
        await wire.socket.close()


@pytest.mark.parametrize("creates", [True, False])
@in_virtual_time
async def test_stop_speaking__the_end_of_speech__responds_only_where_it_may(
    *, creates: bool
) -> None:
    async with realtime() as client:
        call, wire = await client.accepted()
        detection = {"type": "server_vad", "create_response": creates}
        await wire.send(updated(audio={"input": {"turn_detection": detection}}))

        call.say("hello")

        assert len(call.responses) == int(creates)
        await wire.socket.close()


@in_virtual_time
async def test_idle_time_out__after_the_agent__commits_and_responds_by_itself() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        call.script.append(says("Hello."))
        await wire.send(CREATE)

        # When
        await wire.receive("input_audio_buffer.timeout_triggered")

        # Then
        await wire.receive("input_audio_buffer.committed")
        await wire.receive("response.created")
        await until(lambda: len(call.heard) == 2)
        await wire.socket.close()


@in_virtual_time
async def test_press__two_equal_keys__are_two_events_without_an_id() -> None:
    async with realtime() as client:
        call, wire = await client.accepted()

        call.press("11")

        kind = "input_audio_buffer.dtmf_event_received"
        first, second = await wire.receive(kind), await wire.receive(kind)
        assert first == second
        assert "event_id" not in first
        await wire.socket.close()


@in_virtual_time
async def test_function_call__in_a_response_that_is_cut__has_its_arguments() -> None:
    async with realtime() as client:
        # Given
        call, wire = await client.accepted()
        function = FunctionCall("list_vouchers")
        call.script.append(
            Reply(calls=(function,), status="incomplete", reason="max_output_tokens")
        )

        # When
        await wire.send(CREATE)

        # Then
        await wire.receive("response.function_call_arguments.done")
        done = await wire.receive("response.done")
        assert done["response"]["status"] == "incomplete"
        await wire.socket.close()
