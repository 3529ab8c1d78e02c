from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agents.core.openai_clients import close_clients
from agents.realtime import provider as neutral
from agents.realtime import sideband
from agents.realtime.openai_realtime import OpenAIRealtime
from agents.realtime.provider import CallGone, PayloadError, ProviderError
from agents.realtime.sideband import Sideband, SocketClosed
from agents.simulator.realtime_server.replies import FunctionCall, calls, says
from agents.simulator.realtime_server.server import RealtimeServer
from tests.virtual_time import LoopClock, in_virtual_time, until

if TYPE_CHECKING:
    from agents.realtime.provider import VoiceEvent, VoiceLink
    from agents.realtime.session import SessionSpec

GREETING = neutral.Line("greeting", "Hello, this is an automated assistant.")


async def next_of[E: VoiceEvent](link: VoiceLink, kind: type[E]) -> E:
    while True:
        event = await link.next_event()
        link.observe(event)
        await link.flush()
        if isinstance(event, kind):
            return event
        assert not isinstance(event, neutral.LinkClosed), event


def provider_of(server: RealtimeServer) -> OpenAIRealtime:
    return OpenAIRealtime(server.api_key, server.base_url, clock=LoopClock())


@in_virtual_time
async def test_sideband__a_whole_exchange__over_real_sockets(spec: SessionSpec) -> None:
    async with RealtimeServer() as server:
        # Given
        provider, call = provider_of(server), server.ring()
        call.script += [
            calls(FunctionCall("lookup_customer")),
            says("You have two vouchers."),
        ]
        await provider.accept(call.call_id, spec)
        link = await provider.attach(call.call_id)

        # When
        await link.configure(replace(spec, may_interrupt=True))
        changed = await next_of(link, neutral.SessionChanged)
        await link.say(GREETING)
        await next_of(link, neutral.PlaybackEnded)
        await link.respond()
        ended = await next_of(link, neutral.ResponseEnded)
        [asked] = ended.tool_calls
        await link.tool_result(asked.call_id, '{"success": true}', is_last=True)
        await next_of(link, neutral.PlaybackEnded)
        await provider.hang_up(call.call_id)
        closed = await next_of(link, neutral.LinkClosed)
        await link.close()
        await close_clients()

        # Then
        assert changed.tools == spec.tool_names
        assert call.heard == [GREETING.text, "You have two vouchers."]
        assert call.outputs == {asked.call_id: ['{"success": true}']}
        assert closed.code == 1000
        assert await link.next_event() == closed
        assert call.refusals == []
        assert not call.is_corrupted


@in_virtual_time
async def test_attach__404_at_first__is_tried_again_for_ten_seconds(
    spec: SessionSpec,
) -> None:
    async with RealtimeServer() as server:
        # Given
        provider, call = provider_of(server), server.ring()
        await provider.accept(call.call_id, spec)
        server.fail_next("sideband", 404, times=3)

        # When
        link = await provider.attach(call.call_id)

        # Then
        assert [status for *_, status in server.requests[1:]] == [404, 404, 404, 101]
        await link.close()
        await close_clients()


@in_virtual_time
async def test_attach__404_for_ever__is_given_up_after_ten_seconds() -> None:
    async with RealtimeServer() as server:
        began = asyncio.get_running_loop().time()

        with pytest.raises(CallGone):
            await provider_of(server).attach("rtc_unknown")

        waited = asyncio.get_running_loop().time() - began
        assert 9.0 <= waited <= 10.0
        await close_clients()


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (403, 1), (500, 2)])
@in_virtual_time
async def test_attach__another_status__is_final_only_where_it_says_so(
    spec: SessionSpec, status: int, tries: int
) -> None:
    async with RealtimeServer() as server:
        # Given
        provider, call = provider_of(server), server.ring()
        await provider.accept(call.call_id, spec)
        server.fail_next("sideband", status)

        # When
        with contextlib.suppress(ProviderError):
            link = await provider.attach(call.call_id)
            await link.close()

        # Then
        assert len([one for one in server.requests if one[0] == "sideband"]) == tries
        await close_clients()


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011])
@in_virtual_time
async def test_next_event__a_close__is_the_last_event_with_its_code(
    spec: SessionSpec, code: int
) -> None:
    async with RealtimeServer() as server:
        # Given
        provider, call = provider_of(server), server.ring()
        await provider.accept(call.call_id, spec)
        link = await provider.attach(call.call_id)

        # When
        call.press("1")
        call.drop(code)

        # Then
        if code != 1006:
            assert isinstance(await next_of(link, neutral.KeyPressed), object)
        assert (await next_of(link, neutral.LinkClosed)).code == code
        await link.close()
        await close_clients()


class Scripted:
    """A socket that delivers these messages and then stays open."""

    def __init__(self, *messages: str) -> None:
        self._messages = list(messages)
        self.sent: list[str] = []
        self.fails_with: Exception | None = None

    async def receive(self) -> str:
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, text: str) -> None:
        if self.fails_with:
            raise self.fails_with
        self.sent.append(text)

    async def close(self) -> None:
        """Nothing is behind it."""


KEY = json.dumps(
    {"type": "input_audio_buffer.dtmf_event_received", "event": "1", "received_at": 1}
)
DELTA = json.dumps({"type": "response.output_audio.delta", "delta": "AAAA"})


@in_virtual_time
async def test_next_event__more_than_the_queue_holds__ends_visibly_at_once() -> None:
    # Given
    link = Sideband(Scripted(*[KEY] * 10), max_events=5)
    await asyncio.sleep(1)

    # When
    first = await link.next_event()

    # Then
    assert first == neutral.LinkClosed(sideband.LOST, sideband.OVERFLOW)
    await link.close()


@in_virtual_time
async def test_next_event__deltas__do_not_fill_the_queue() -> None:
    link = Sideband(Scripted(*[DELTA] * 1_000, KEY), max_events=5)

    assert await link.next_event() == neutral.KeyPressed("1")
    await link.close()


@in_virtual_time
async def test_next_event__unreadable_events__are_left_out_up_to_a_bound() -> None:
    # Given
    some = Sideband(Scripted("{", "[]", KEY))
    many = Sideband(Scripted(*["{"] * 100))

    # When / Then
    assert await some.next_event() == neutral.KeyPressed("1")
    closed = await many.next_event()
    assert closed == neutral.LinkClosed(sideband.LOST, sideband.UNREADABLE)
    await some.close()
    await many.close()


@pytest.mark.parametrize("fault", [SocketClosed(1011), OSError(), TimeoutError()])
@in_virtual_time
async def test_send__on_a_broken_socket__ends_the_link_and_raises_nothing(
    fault: Exception,
) -> None:
    # Given
    socket = Scripted()
    socket.fails_with = fault
    link = Sideband(socket)

    # When
    await link.respond()

    # Then
    assert isinstance(await link.next_event(), neutral.LinkClosed)
    await link.say(GREETING)
    await link.close()


@in_virtual_time
async def test_tool_result__an_id_that_openai_refuses__is_not_sent() -> None:
    link = Sideband(Scripted())

    with pytest.raises(PayloadError):
        await link.tool_result("call 1", "{}", is_last=True)

    await link.close()


@in_virtual_time
async def test_close__any_number_of_links__leaves_no_task(spec: SessionSpec) -> None:
    async with RealtimeServer() as server:
        provider, before = provider_of(server), len(asyncio.all_tasks())
        for _ in range(20):
            call = server.ring()
            await provider.accept(call.call_id, spec)
            link = await provider.attach(call.call_id)
            await link.close()
            await provider.hang_up(call.call_id)
        await close_clients()

        await until(lambda: len(asyncio.all_tasks()) <= before)
