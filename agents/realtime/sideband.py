"""The WebSocket beside a call: events in, our events out.

https://platform.openai.com/docs/guides/realtime-sip
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Protocol

from agents.core.openai_clients import client_for
from agents.realtime import events
from agents.realtime.provider import (
    CallGone,
    Line,
    LinkClosed,
    PayloadError,
    ProviderError,
    VoiceEvent,
)
from agents.realtime.session import SessionSpec, session_update
from agents.realtime.writer import State, Writer

if TYPE_CHECKING:
    from agents.core.clock import Clock

MAX_EVENTS = 512
MAX_MESSAGE = 4 * 1024 * 1024
MAX_UNREADABLE = 20
OPEN_SECONDS = 5.0
CLOSE_SECONDS = 1.0
SEND_SECONDS = 5.0
PING_SECONDS = 10.0
# The session may be established later than the accept was answered.
ATTACH_SECONDS = 10.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 1.0
OVERFLOW = "overflow"
UNREADABLE = "unreadable"
LOST = 1006
ID_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
)


class Socket(Protocol):
    """A connected WebSocket; `receive` raises `SocketClosed` at the end."""

    async def receive(self) -> bytes | str: ...

    async def send(self, text: str) -> None: ...

    async def close(self) -> None: ...


class SocketClosed(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Sideband:
    """A `VoiceLink` over one socket, with a bounded queue between the two."""

    def __init__(self, socket: Socket, *, max_events: int = MAX_EVENTS) -> None:
        self._socket = socket
        self._writer = Writer()
        self._queue: asyncio.Queue[VoiceEvent] = asyncio.Queue()
        self._max_events = max_events
        self._end: LinkClosed | None = None
        self._unreadable = 0
        self._reader = asyncio.create_task(self._read(), name="sideband")

    @property
    def is_idle(self) -> bool:
        return self._writer.state is State.IDLE and not self._writer.is_waiting

    @property
    def is_responding(self) -> bool:
        return self._writer.state is State.RESPONDING

    @property
    def is_playing(self) -> bool:
        return self._writer.is_playing

    async def next_event(self) -> VoiceEvent:
        if self._end is not None and self._queue.empty():
            return self._end
        return self._writer.attributed(await self._queue.get())

    def observe(self, event: VoiceEvent) -> None:
        self._writer.observe(event)

    async def flush(self) -> None:
        await self._send_all(self._writer.flush())

    async def configure(self, spec: SessionSpec) -> str:
        event_id = self._writer.next_id()
        session = session_update(spec)
        self._writer.listen(is_on=spec.listens)
        await self._send(
            {"type": "session.update", "event_id": event_id, "session": session}
        )
        return event_id

    async def tool_result(self, call_id: str, output: str, *, is_last: bool) -> None:
        if not call_id or not set(call_id) <= ID_CHARACTERS:
            raise PayloadError("the tool call's id is invalid")
        await self._create(
            {"type": "function_call_output", "call_id": call_id, "output": output}
        )
        if is_last:
            await self.respond()

    async def note(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        await self._create({"type": "message", "role": "system", "content": content})

    async def respond(self) -> None:
        await self._send_all(self._writer.want_response())

    async def say(self, line: Line) -> None:
        await self._send_all(self._writer.want_line(line))

    async def stop_speaking(self) -> None:
        await self._send_all(self._writer.stop_speaking())

    async def give_up(self) -> None:
        """Forget a response that never showed."""
        await self._send_all(self._writer.give_up())

    def drop_wanted(self) -> None:
        self._writer.drop_wanted()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._socket.close()
        except (TimeoutError, SocketClosed, OSError):
            pass
        finally:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _create(self, item: dict[str, Any]) -> None:
        await self._send(
            {
                "type": "conversation.item.create",
                "event_id": self._writer.next_id(),
                "item": item,
            }
        )

    async def _send_all(self, out: list[dict[str, Any]]) -> None:
        for event in out:
            await self._send(event)

    async def _send(self, event: dict[str, Any]) -> None:
        """Send, unless the connection is over: its end is an event of its own."""
        if self._end is not None:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send(json.dumps(event, ensure_ascii=False))
        except SocketClosed as closed:
            self._finish(LinkClosed(closed.code))
        except (TimeoutError, OSError):
            self._finish(LinkClosed(LOST))

    async def _read(self) -> None:
        try:
            while self._end is None:
                self._put(await self._socket.receive())
        except SocketClosed as closed:
            self._finish(LinkClosed(closed.code))
        except OSError:
            self._finish(LinkClosed(LOST))

    def _put(self, raw: bytes | str) -> None:
        try:
            event = events.parse(raw)
        except events.UnreadableEvent:
            self._unreadable += 1
            if self._unreadable > MAX_UNREADABLE:
                self._finish(LinkClosed(LOST, UNREADABLE))
            return
        if event is None:
            return
        if self._queue.qsize() >= self._max_events:
            self._finish(LinkClosed(LOST, OVERFLOW))
        else:
            self._queue.put_nowait(event)

    def _finish(self, end: LinkClosed) -> None:
        """Make this the last event; after an overflow the others are not read."""
        if self._end is not None:
            return
        self._end = end
        while end.reason and not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(end)


class OpenAISocket:
    """The SDK's connection, without its classes for events."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def receive(self) -> bytes | str:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

        try:
            return bytes(await self._connection.recv_bytes())
        except ConnectionClosed as closed:
            raise SocketClosed(closed.rcvd.code if closed.rcvd else LOST) from None

    async def send(self, text: str) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

        try:
            await self._connection.send_raw(text)
        except ConnectionClosed as closed:
            raise SocketClosed(closed.rcvd.code if closed.rcvd else LOST) from None

    async def close(self) -> None:
        await self._connection.close()


async def connect(call_id: str, *, api_key: str, base_url: str) -> Socket:
    """Open the sideband once; raise `CallGone` for an unknown call."""
    import openai  # noqa: PLC0415 - slow to import
    from websockets.exceptions import (  # noqa: PLC0415
        InvalidStatus,
        WebSocketException,
    )

    client = client_for(base_url, api_key)
    options: Any = {
        "max_size": MAX_MESSAGE,
        "open_timeout": OPEN_SECONDS,
        "close_timeout": CLOSE_SECONDS,
        "ping_interval": PING_SECONDS,
        "ping_timeout": PING_SECONDS,
        "compression": None,
        "proxy": None,
    }
    manager = client.realtime.connect(
        call_id=call_id, websocket_connection_options=options
    )
    try:
        return OpenAISocket(await manager.enter())
    except InvalidStatus as refused:
        status = refused.response.status_code
        if status == 404:
            raise CallGone from None
        permanent = status in {400, 401, 403}
        raise ProviderError(
            f"sideband_{status}", status=status, permanent=permanent
        ) from None
    except (WebSocketException, OSError, TimeoutError, openai.OpenAIError):
        raise ProviderError("sideband_connection") from None


async def attach(
    call_id: str,
    *,
    api_key: str,
    base_url: str,
    clock: Clock,
    patience: float = ATTACH_SECONDS,
    had_session: bool = False,
) -> Sideband:
    """Open the sideband; a lost connection is tried again for a while.

    So is a 404, unless the call had a session: then it is over.
    """
    deadline = clock.now() + patience
    delay = FIRST_DELAY
    while True:
        try:
            return Sideband(await connect(call_id, api_key=api_key, base_url=base_url))
        except ProviderError as error:
            is_early = isinstance(error, CallGone) and not had_session
            is_final = error.permanent and not is_early
            if is_final or clock.now() + delay > deadline:
                raise
        await clock.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY)
