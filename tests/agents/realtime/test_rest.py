from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agents.core.openai_clients import close_clients
from agents.realtime.openai_realtime import OpenAIRealtime
from agents.realtime.provider import CallGone, PayloadError, ProviderError
from agents.realtime.rest import CallsClient
from agents.simulator.realtime_server.server import RealtimeServer
from tests.virtual_time import LoopClock, in_virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from agents.realtime.session import SessionSpec
    from agents.simulator.realtime_server.call import ServedCall


@asynccontextmanager
async def accepted(
    spec: SessionSpec,
) -> AsyncIterator[tuple[RealtimeServer, OpenAIRealtime, ServedCall]]:
    async with RealtimeServer() as server:
        provider = OpenAIRealtime(server.api_key, server.base_url, clock=LoopClock())
        call = server.ring()
        await provider.accept(call.call_id, spec)
        yield server, provider, call
        await close_clients()


@in_virtual_time
async def test_hang_up__twice__succeeds_twice(spec: SessionSpec) -> None:
    async with accepted(spec) as (server, provider, call):
        await provider.hang_up(call.call_id)
        await provider.hang_up(call.call_id)

        assert [status for *_, status in server.requests] == [200, 200, 404]
        assert call.ended_by == "hangup"


@pytest.mark.parametrize(
    ("verb", "status", "code", "tries", "expected"),
    [
        ("accept", 404, "call_id_not_found", 1, "call_id_not_found"),
        ("accept", 429, "rate_limit_exceeded", 2, "rate_limited"),
        ("accept", 429, "insufficient_quota", 1, "quota"),
        ("accept", 500, "server_error", 2, "server_error"),
        ("accept", 503, "server_error", 2, "server_error"),
        ("accept", 401, "invalid_api_key", 1, "invalid_api_key"),
        ("accept", 400, "invalid_value", 1, "invalid_value"),
        ("reject", 500, "server_error", 2, "server_error"),
        ("refer", 500, "server_error", 1, "server_error"),
        ("refer", 429, "rate_limit_exceeded", 1, "rate_limited"),
        ("refer", 404, "call_id_not_found", 1, "call_id_not_found"),
        ("hangup", 500, "server_error", 4, "server_error"),
        ("hangup", 429, "rate_limit_exceeded", 4, "rate_limited"),
    ],
)
@in_virtual_time
async def test_requests__a_failure__is_classified_and_tried_again_where_it_helps(
    spec: SessionSpec, verb: str, status: int, code: str, tries: int, expected: str
) -> None:
    async with accepted(spec) as (server, provider, running):
        # Given
        call = server.ring() if verb in {"accept", "reject"} else running
        server.fail_next(verb, status, times=9, code=code)
        request: Callable[[], Awaitable[None]] = {
            "accept": lambda: provider.accept(call.call_id, spec),
            "reject": lambda: provider.reject(call.call_id, 503),
            "refer": lambda: provider.transfer(call.call_id, "tel:+250788000009"),
            "hangup": lambda: provider.hang_up(call.call_id),
        }[verb]

        # When
        with pytest.raises(ProviderError) as refused:
            await request()

        # Then
        assert refused.value.code == expected
        assert isinstance(refused.value, CallGone) is (status == 404)
        made = [one for one in server.requests if one[:2] == (verb, call.call_id)]
        assert len(made) == tries


@in_virtual_time
async def test_hang_up__after_two_failures__ends_the_call(spec: SessionSpec) -> None:
    async with accepted(spec) as (server, provider, call):
        server.fail_next("hangup", 500, times=2)

        await provider.hang_up(call.call_id)

        assert call.ended_by == "hangup"


@pytest.mark.parametrize(
    "target", ["", "+250788000009", "http://x", "tel:", "tel:+25\r\nX", "sip:a b"]
)
@in_virtual_time
async def test_transfer__no_address__is_refused_before_it_is_sent(
    spec: SessionSpec, target: str
) -> None:
    async with accepted(spec) as (_, provider, call):
        with pytest.raises(PayloadError):
            await provider.transfer(call.call_id, target)

        assert call.transfers == []


@in_virtual_time
async def test_requests__no_server__are_a_lost_connection(spec: SessionSpec) -> None:
    provider = OpenAIRealtime("sk-x", "http://127.0.0.1:9/v1", clock=LoopClock())

    with pytest.raises(ProviderError) as refused:
        await provider.accept("rtc_1", spec)

    assert refused.value.code == "connection"
    assert not refused.value.permanent
    await close_clients()


@in_virtual_time
async def test_requests__a_server_that_never_answers__end_in_time(
    spec: SessionSpec,
) -> None:
    # Given
    kept: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, writer: kept.append(writer), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    client = CallsClient("sk-x", f"http://127.0.0.1:{port}/v1", clock=LoopClock())
    began = asyncio.get_running_loop().time()

    # When
    with pytest.raises(ProviderError) as refused:
        await client.accept("rtc_1", {"type": "realtime"})

    # Then
    assert refused.value.code == "timeout"
    assert asyncio.get_running_loop().time() - began < 8
    server.close()
    await close_clients()
    for writer in kept:
        writer.close()


@pytest.mark.parametrize("call_id", ["", "../x", "a b", "x" * 129])
@in_virtual_time
async def test_requests__an_id_that_is_no_id__never_reach_the_network(
    call_id: str,
) -> None:
    with pytest.raises(PayloadError):
        await CallsClient("sk-x", "http://127.0.0.1:9/v1").hang_up(call_id)
