"""Close connections that wait too long, and the excess ones of one network.

The server has one limit for headers that do not arrive and for a connection between two
requests, and none for a reader who does not take an answer or for the connections of one
address. This thread looks at the sockets of the process once a second and shuts
down those over a limit; the server then drops them like any that the caller has closed.
"""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from easymo.addresses import network_of
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

logger = get_logger(__name__)

LOOK_S = 1.0
# From the beginning of a connection to the end of the headers of its first request.
FIRST_S = 10.0
# From an answer to the end of the next request's headers. Longer than a proxy keeps its
# idle connections, which is a minute as a rule.
IDLE_S = 75.0
# Connections of one network that are not in the middle of a request.
OF_NETWORK = 256
# Connections of this process, and how many of them make the oldest idle ones end.
CONNECTIONS = 2_048
CROWDED = CONNECTIONS * 3 // 4
DESCRIPTORS = Path("/dev/fd")


@dataclass
class Connection:
    """A connection of a caller, known by the descriptor of its socket."""

    descriptor: int
    # "address:port", as the server names it.
    peer: str
    network: str
    since: float


@dataclass
class ConnectionGuard:
    """Knows which connections are in the middle of a request, and ends idle ones."""

    _running: Counter[str] = field(default_factory=Counter)
    _answered_at: dict[str, float] = field(default_factory=dict)
    # By inode: a descriptor is used again, an inode of an open socket is not.
    _known: dict[int, Connection | None] = field(default_factory=dict)

    def start(self) -> None:
        threading.Thread(target=self._watch, name="connections", daemon=True).start()

    @contextmanager
    def request(self, peer: str) -> Iterator[None]:
        """Protect the connection while its request runs."""
        self._running[peer] += 1
        try:
            yield
        finally:
            self._running[peer] -= 1
            if self._running[peer] <= 0:
                del self._running[peer]
            self._answered_at[peer] = time.monotonic()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_S)
            try:
                self.look(now=time.monotonic())
            except Exception:
                logger.exception("edge.connections.failed")

    def look(self, *, now: float) -> int:
        """End the connections over a limit; return their number."""
        open_now = self._open_connections(now)
        peers = {connection.peer for connection in open_now}
        for peer in [peer for peer in self._answered_at.copy() if peer not in peers]:
            self._answered_at.pop(peer, None)
        waiting = [each for each in open_now if each.peer not in self._running]
        waiting.sort(key=self._idle_since)
        excess = self._excess(waiting, now, len(open_now))
        for connection in excess:
            _shut_down(connection)
        if excess:
            logger.warning("edge.connections.closed", count=len(excess))
        return len(excess)

    def _excess(
        self, waiting: list[Connection], now: float, total: int
    ) -> list[Connection]:
        """Return the connections to end; `waiting` has the longest idle first."""
        of_network = Counter(connection.network for connection in waiting)
        found: list[Connection] = []
        for connection in waiting:
            is_idle = now > self._ends_at(connection)
            # Behind a proxy every connection is the proxy's.
            is_excess = (
                not settings.BEHIND_PROXY
                and of_network[connection.network] > OF_NETWORK
            )
            if is_idle or is_excess or total - len(found) > CROWDED:
                found.append(connection)
                of_network[connection.network] -= 1
        return found

    def _ends_at(self, connection: Connection) -> float:
        """Return when its next request must have begun."""
        limit = IDLE_S if connection.peer in self._answered_at else FIRST_S
        return self._idle_since(connection) + limit

    def _idle_since(self, connection: Connection) -> float:
        return max(connection.since, self._answered_at.get(connection.peer, 0.0))

    def _open_connections(self, now: float) -> list[Connection]:
        """Return the connections that callers have open to this process."""
        found: dict[int, Connection | None] = {}
        for descriptor in _descriptors():
            with suppress(OSError):
                status = os.fstat(descriptor)
                if not stat.S_ISSOCK(status.st_mode):
                    continue
                known = self._known.get(status.st_ino)
                if status.st_ino not in self._known or (
                    known is not None and known.descriptor != descriptor
                ):
                    known = _connection(descriptor, now)
                found[status.st_ino] = known
        self._known = found
        return [connection for connection in found.values() if connection is not None]


def _descriptors() -> Iterable[int]:
    return [int(entry.name) for entry in DESCRIPTORS.iterdir()]


def _connection(descriptor: int, now: float) -> Connection | None:
    """Return the caller's connection; None for any other socket of the process."""
    with _copy_of(descriptor) as copy:
        if copy.family not in {socket.AF_INET, socket.AF_INET6}:
            return None
        try:
            peer, address = _peer_of(copy)
            is_ours = copy.getsockname()[1] == settings.PORT
        except OSError:
            # The listening socket, or one that its caller has closed.
            return None
    return Connection(descriptor, peer, network_of(address), now) if is_ours else None


def _shut_down(connection: Connection) -> None:
    """Shut the connection down through a copy; the server closes the original."""
    with suppress(OSError), _copy_of(connection.descriptor) as copy:
        # The descriptor may have been given to another socket meanwhile.
        if _peer_of(copy)[0] == connection.peer:
            copy.shutdown(socket.SHUT_RDWR)


def _copy_of(descriptor: int) -> socket.socket:
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise


def _peer_of(copy: socket.socket) -> tuple[str, str]:
    """Return the peer as the server names it, and its address."""
    address, port = copy.getpeername()[:2]
    return (f"[{address}]:{port}" if ":" in address else f"{address}:{port}"), address
