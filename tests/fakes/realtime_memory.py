"""The local Realtime server without sockets: a provider inside of one loop.

The strict state machine, the parser, the queue and the writer are the real ones; only
HTTP and the WebSocket are left out, so that thousands of calls take seconds.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from agents.realtime.provider import CallGone, ProviderError
from agents.realtime.session import SessionSpec, accept_payload
from agents.realtime.sideband import Sideband, SocketClosed
from agents.simulator.realtime_server.call import ServedCall
from agents.simulator.realtime_server.server import perform


class _Link:
    """What the server sees of a sideband."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | int] = asyncio.Queue()

    def send(self, text: str) -> None:
        self.queue.put_nowait(text)

    def close(self, code: int) -> None:
        self.queue.put_nowait(code)


class MemorySocket:
    """What the client sees of a sideband."""

    def __init__(self, call: ServedCall) -> None:
        self._call = call
        self._link = _Link()
        self._code: int | None = None
        call.attach(self._link)

    async def receive(self) -> str:
        if self._code is None:
            got = await self._link.queue.get()
            if isinstance(got, str):
                return got
            self._code = got
        raise SocketClosed(self._code)

    async def send(self, text: str) -> None:
        if self._link not in self._call.links:
            raise SocketClosed(self._code or 1006)
        self._call.receive(text)

    async def close(self) -> None:
        self._call.detach(self._link)
        self._link.close(1000)


@dataclass
class MemoryProvider:
    """A `VoiceProvider` over calls of this loop, with failures on request."""

    calls: dict[str, ServedCall] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    # Raised by the next requests of a verb, in order.
    failures: dict[str, list[ProviderError]] = field(default_factory=dict)
    # Seconds that the requests of a verb take.
    delays: dict[str, float] = field(default_factory=dict)

    def ring(self, caller: str = "+250788000001", **more: Any) -> ServedCall:
        call_id = f"rtc_{secrets.token_hex(6)}"
        loop = asyncio.get_running_loop()
        call = ServedCall(call_id, loop.call_later, caller=caller, **more)
        self.calls[call_id] = call
        return call

    async def accept(self, call_id: str, spec: SessionSpec) -> None:
        self._perform("accept", call_id, accept_payload(spec), state="ringing")

    async def reject(self, call_id: str, status: int) -> None:
        self._perform("reject", call_id, {"status_code": status}, state="ringing")

    async def attach(
        self, call_id: str, *, patience: float = 10.0, had_session: bool = False
    ) -> Sideband:
        self._note("sideband", call_id)
        await asyncio.sleep(self.delays.get("sideband", 0.0))
        return Sideband(MemorySocket(self._found(call_id, "accepted")))

    async def transfer(self, call_id: str, target: str) -> None:
        self._perform("refer", call_id, {"target_uri": target})

    async def hang_up(self, call_id: str) -> None:
        try:
            self._perform("hangup", call_id, {})
        except CallGone:
            return

    def _perform(
        self, verb: str, call_id: str, body: Any, *, state: str = "accepted"
    ) -> None:
        self._note(verb, call_id)
        perform(self._found(call_id, state), verb, body)

    def _note(self, verb: str, call_id: str) -> None:
        self.requests.append((verb, call_id))
        waiting = self.failures.get(verb)
        if waiting:
            raise waiting.pop(0)

    def _found(self, call_id: str, state: str) -> ServedCall:
        call = self.calls.get(call_id)
        if call is None or call.state != state:
            raise CallGone
        return call
