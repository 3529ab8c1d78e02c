"""Read the body of a request whole, within a deadline and a cap."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from easymo.addresses import caller_of, network_of
from easymo.web.request_environ import RefusedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

# One byte more than any page accepts: what is longer is recognised by its length.
KEPT_BYTES = 4 * 1024 * 1024 + 1
# A longer body is read to its end, so that its sender can read the refusal.
READ_BYTES = 16 * 1024 * 1024
# Each part must arrive within PART_S, and the whole body within WHOLE_S.
PART_S = 5.0
WHOLE_S = 30.0
# A body of at most this size is read in one step.
SHORT_BYTES = 64 * 1024
# Bodies that one network may have under way; one more ends the oldest.
BODIES_OF_NETWORK = 64
# Bytes that all unfinished and running requests of this process may hold.
HELD_BYTES = 128 * 1024 * 1024

TIMED_OUT = "The body did not arrive in time."
BROKEN = "The body did not arrive."


@dataclass(eq=False)
class _Arriving:
    """A body that is being read; ``timeout`` ends the reading early."""

    network: str
    timeout: asyncio.Timeout


@dataclass
class BodyReader:
    """Reads bodies on the event loop, where a slow sender takes no thread."""

    _arriving: dict[_Arriving, None] = field(default_factory=dict)
    _held: int = 0

    async def read(self, proto: Any, environ: Mapping[str, Any]) -> bytes:
        """Return the body, cut off after `KEPT_BYTES`; raise `RefusedRequest`."""
        length = _stated_length(environ)
        if length is not None and length > READ_BYTES:
            raise RefusedRequest(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
            )
        try:
            is_short = length is not None and length <= SHORT_BYTES
            async with asyncio.timeout(PART_S if is_short else WHOLE_S) as whole:
                with self._registered(environ, whole):
                    if is_short:
                        return await self._collect_short(proto)
                    kept, read = await self._collect(proto)
        except TimeoutError as error:
            raise RefusedRequest(HTTPStatus.REQUEST_TIMEOUT, TIMED_OUT) from error
        if length is not None and read < length:
            self.release(kept)
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN)
        return kept

    def release(self, body: bytes) -> None:
        """Free the room of a body whose request has ended."""
        self._held -= len(body)

    async def _collect_short(self, proto: Any) -> bytes:
        try:
            kept: bytes = await proto()
        except ProtocolClosed as error:
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN) from error
        self._held += len(kept)
        return kept

    async def _collect(self, proto: Any) -> tuple[bytes, int]:
        """Return the kept bytes and the number of all bytes."""
        kept = bytearray()
        read = 0
        try:
            async for part in _parts(proto):
                read += len(part)
                if read > READ_BYTES:
                    break
                room = min(len(part), KEPT_BYTES - len(kept))
                if self._held + room > HELD_BYTES:
                    raise RefusedRequest(
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        "Too many requests at once.",
                        retry_after_s=5,
                    )
                self._held += room
                kept += part[:room]
        except BaseException:
            self._held -= len(kept)
            raise
        return bytes(kept), read

    @contextmanager
    def _registered(
        self, environ: Mapping[str, Any], timeout: asyncio.Timeout
    ) -> Iterator[None]:
        """Count the body; the oldest one of a network with too many ends now."""
        network = network_of(caller_of(environ))
        of_network = [each for each in self._arriving if each.network == network]
        if len(of_network) >= BODIES_OF_NETWORK:
            oldest = of_network[0]
            del self._arriving[oldest]
            oldest.timeout.reschedule(asyncio.get_running_loop().time())
        arriving = _Arriving(network, timeout)
        self._arriving[arriving] = None
        try:
            yield
        finally:
            self._arriving.pop(arriving, None)


def has_body(environ: Mapping[str, Any], *, is_chunked: bool) -> bool:
    return is_chunked or environ.get("CONTENT_LENGTH", "0") != "0"


def _stated_length(environ: Mapping[str, Any]) -> int | None:
    """Return the length that the headers state; None for a chunked body."""
    stated = environ.get("CONTENT_LENGTH", "")
    return int(stated) if stated.isascii() and stated.isdecimal() else None


async def _parts(proto: Any) -> AsyncIterator[bytes]:
    """Yield the parts of the body.

    The server yields an empty part at the end, and one more for an error before it.
    """
    parts, empty = aiter(proto), 0
    while True:
        try:
            async with asyncio.timeout(PART_S):
                part = await anext(parts)
        except StopAsyncIteration:
            break
        empty += not part
        if part:
            yield part
    if empty > 1:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN)
