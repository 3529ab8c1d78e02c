"""The WebSocket of one attached sideband, over the protocol of `websockets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from agents.simulator.realtime_server.call import ABNORMAL

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from agents.simulator.realtime_server.call import ServedCall
    from agents.simulator.realtime_server.http import Request

NO_STATUS = 1005
READ_BYTES = 65_536


class SocketLink:
    """What the call sends goes to the transport at once."""

    def __init__(self, protocol: ServerProtocol, writer: StreamWriter) -> None:
        self._protocol = protocol
        self._writer = writer

    def send(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self.flush()

    def close(self, code: int) -> None:
        """Close with a code, with none (1005), or without a close frame (1006)."""
        if code == ABNORMAL:
            self._writer.transport.abort()
            return
        self._protocol.send_close(None if code == NO_STATUS else code)
        self.flush()

    def flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            else:
                self._writer.close()


async def serve_socket(
    call: ServedCall, request: Request, reader: StreamReader, writer: StreamWriter
) -> None:
    protocol = ServerProtocol(max_size=None)
    protocol.receive_data(request.head)
    (handshake,) = protocol.events_received()
    assert isinstance(handshake, Handshake)
    protocol.send_response(protocol.accept(handshake))
    link = SocketLink(protocol, writer)
    link.flush()
    call.attach(link)
    try:
        while data := await reader.read(READ_BYTES):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                    call.receive(bytes(event.data).decode())
            link.flush()
    finally:
        call.detach(link)
