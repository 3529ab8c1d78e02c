from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agents.core.openai_clients import close_clients
from agents.realtime.openai_realtime import OpenAIRealtime
from agents.realtime.session import SessionSpec, VoiceTool
from agents.realtime.sideband import SocketClosed, connect
from agents.simulator.realtime_server.server import RealtimeServer
from tests.virtual_time import LoopClock, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents.realtime.sideband import Socket
    from agents.simulator.realtime_server.call import ServedCall

SPEC = SessionSpec(
    model="gpt-realtime-2",
    instructions="Help with fuel vouchers.",
    voice="marin",
    tools=(
        VoiceTool("list_vouchers", "List them.", {"type": "object", "properties": {}}),
    ),
)


class Client:
    """The real client code towards one server, and one call by its raw socket."""

    def __init__(self, server: RealtimeServer) -> None:
        self.server = server
        self.provider = OpenAIRealtime(
            server.api_key, server.base_url, clock=LoopClock()
        )

    async def accepted(self) -> tuple[ServedCall, Wire]:
        call = self.server.ring()
        await self.provider.accept(call.call_id, SPEC)
        return call, await self.attached(call)

    async def attached(self, call: ServedCall) -> Wire:
        socket = await connect(
            call.call_id,
            api_key=self.server.api_key,
            base_url=self.server.base_url,
        )
        return Wire(call, socket)


class Wire:
    """Raw events to and from one call."""

    def __init__(self, call: ServedCall, socket: Socket) -> None:
        self.call = call
        self.socket = socket

    async def send(self, event: dict[str, Any] | str) -> None:
        seen = len(self.call.received) + len(self.call.refusals)
        text = event if isinstance(event, str) else json.dumps(event)
        await self.socket.send(text)
        await until(lambda: len(self.call.received) + len(self.call.refusals) > seen)

    async def receive(self, kind: str) -> dict[str, Any]:
        """Return the next event of this type."""
        while True:
            event: dict[str, Any] = json.loads(await self.socket.receive())
            if event["type"] == kind:
                return event

    async def refusal(self, event: dict[str, Any] | str) -> dict[str, Any]:
        await self.send(event)
        answer = await self.receive("error")
        error: dict[str, Any] = answer["error"]
        return error

    async def closed(self) -> int:
        """Read to the end; return the code."""
        try:
            while True:
                await self.socket.receive()
        except SocketClosed as closed:
            return closed.code


@asynccontextmanager
async def realtime() -> AsyncIterator[Client]:
    async with RealtimeServer() as server:
        try:
            yield Client(server)
        finally:
            await close_clients()
