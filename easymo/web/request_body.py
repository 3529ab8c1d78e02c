"""Read the body of a request whole, within a deadline and a cap."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

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
# Bytes that unfinished and running requests of this process may hold: all, and those of
# one network.
HELD_BYTES = 128 * 1024 * 1024
HELD_OF_NETWORK = HELD_BYTES // 4

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
    # By network.
    _held: Counter[str] = field(default_factory=Counter)

    @property
    def is_empty(self) -> bool:
        return not self._held

    async def read(
        self,
        proto: Any,
        environ: Mapping[str, Any],
        *,
        network: str,
        may_have_trailer: bool,
    ) -> bytes:
        """Return the body, cut off after `KEPT_BYTES`; raise `RefusedRequest`."""
        length = _stated_length(environ)
        if length is not None and length > READ_BYTES:
            raise RefusedRequest(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."
            )
        try:
            is_short = length is not None and length <= SHORT_BYTES
            async with asyncio.timeout(PART_S if is_short else WHOLE_S) as whole:
                with self._registered(network, whole):
                    if is_short:
                        return await self._collect_short(proto, network)
                    parts = _parts(proto, may_have_trailer=may_have_trailer)
                    kept, read = await self._collect(parts, network)
        except TimeoutError as error:
            raise RefusedRequest(HTTPStatus.REQUEST_TIMEOUT, TIMED_OUT) from error
        if length is not None and read < length:
            self.release(kept, network)
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN)
        return kept

    def release(self, body: bytes, network: str) -> None:
        """Free the room of a body whose request has ended."""
        self._held[network] -= len(body)
        if not self._held[network]:
            del self._held[network]

    async def _collect_short(self, proto: Any, network: str) -> bytes:
        try:
            kept: bytes = await proto()
        except ProtocolClosed as error:
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN) from error
        self._held[network] += len(kept)
        return kept

    async def _collect(
        self, parts: AsyncIterator[bytes], network: str
    ) -> tuple[bytes, int]:
        """Return the kept bytes and the number of all bytes."""
        kept = bytearray()
        read = 0
        try:
            async for part in parts:
                read += len(part)
                if read > READ_BYTES:
                    break
                room = min(len(part), KEPT_BYTES - len(kept))
                if not self._has_room(room, network):
                    raise RefusedRequest(
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        "Too many requests at once.",
                        retry_after_s=5,
                    )
                self._held[network] += room
                kept += part[:room]
        except BaseException:
            self.release(bytes(kept), network)
            raise
        return bytes(kept), read

    def _has_room(self, size: int, network: str) -> bool:
        return (
            self._held.total() + size <= HELD_BYTES
            and self._held[network] + size <= HELD_OF_NETWORK
        )

    @contextmanager
    def _registered(self, network: str, timeout: asyncio.Timeout) -> Iterator[None]:
        """Count the body; the oldest one of a network with too many ends now."""
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


async def _parts(proto: Any, *, may_have_trailer: bool) -> AsyncIterator[bytes]:
    """Yield the parts of the body.

    The server yields an empty part at the end, and one more for a trailer or for an
    error before it. The two look the same.
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
    if empty > 1 + may_have_trailer:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, BROKEN)
