"""The part of HTTP that the local server needs: one request, one answer."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from agents.simulator.realtime_server.rules import Refusal

if TYPE_CHECKING:
    from asyncio import StreamReader

MAX_BODY = 1024 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    # The head as it came, for the handshake of a WebSocket.
    head: bytes = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""

    def encoded(self) -> bytes:
        head = (
            f"HTTP/1.1 {self.status} Status\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


async def read_request(reader: StreamReader) -> Request | None:
    """Read one request; None at the end of the connection or for a broken one."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    try:
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
    except ValueError:
        return None
    if not 0 <= length <= MAX_BODY:
        return None
    body = await reader.readexactly(length)
    url = urlsplit(target)
    return Request(method, url.path, dict(parse_qsl(url.query)), headers, head, body)


def error_answer(status: int, refusal: Refusal) -> Answer:
    return Answer(status, json.dumps({"error": refusal.body()}).encode())


def not_found() -> Answer:
    """The answer for every call that is unknown, over, or whose session died."""
    return error_answer(404, Refusal("call_id_not_found", "No session found for call."))
