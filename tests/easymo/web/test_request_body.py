"""The room that unfinished bodies take: a share for each network."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import pytest

from easymo.web.request_body import HELD_BYTES, HELD_OF_NETWORK, KEPT_BYTES, BodyReader
from easymo.web.request_environ import RefusedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LARGE = KEPT_BYTES - 1
PART = 256 * 1024


class Sender:
    """A caller that sends a large body and then stalls, or ends it."""

    def __init__(self, *, stalls: bool) -> None:
        self._left = LARGE
        self._stalls = stalls
        self.has_sent = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            self.has_sent.set()
            if self._stalls:
                await asyncio.Event().wait()
            raise StopAsyncIteration
        size = min(PART, self._left)
        self._left -= size
        return bytes(size)


async def read(reader: BodyReader, network: str, sender: Sender) -> bytes:
    return await reader.read(sender, {}, network=network, may_have_trailer=False)


@asynccontextmanager
async def stalled(
    reader: BodyReader, networks: list[str]
) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """Let a body of each network arrive and stall; yield those that were refused."""
    senders = [Sender(stalls=True) for _ in networks]
    tasks = [
        asyncio.create_task(read(reader, network, sender))
        for network, sender in zip(networks, senders, strict=True)
    ]
    for task, sender in zip(tasks, senders, strict=True):
        sent = asyncio.create_task(sender.has_sent.wait())
        await asyncio.wait([task, sent], return_when=asyncio.FIRST_COMPLETED)
        sent.cancel()
    yield [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("count", [1, 33, 63])
async def test_stalled_bodies__of_one_network__others_have_room(count: int) -> None:
    reader = BodyReader()
    async with stalled(reader, ["a"] * count) as refused:
        # Then: the network has its share, and the rest is refused at once
        assert len(refused) == max(0, count - HELD_OF_NETWORK // LARGE)
        for task in refused:
            error = task.exception()
            assert isinstance(error, RefusedRequest)
            assert error.status == 503

        # When
        body = await read(reader, "b", Sender(stalls=False))

        # Then
        assert len(body) == LARGE
        reader.release(body, "b")
    assert reader.is_empty


async def test_stalled_bodies__of_many_networks__are_bounded_together() -> None:
    reader = BodyReader()
    networks = [f"n{number % 8}" for number in range(48)]
    async with stalled(reader, networks) as refused:
        assert len(networks) - len(refused) == HELD_BYTES // LARGE
        with pytest.raises(RefusedRequest, match="Too many requests"):
            await read(reader, "late", Sender(stalls=False))
    assert reader.is_empty


async def test_room__after_a_body_ended__is_free_again() -> None:
    reader = BodyReader()
    for _ in range(2 * HELD_OF_NETWORK // LARGE):
        reader.release(await read(reader, "a", Sender(stalls=False)), "a")
    assert reader.is_empty
