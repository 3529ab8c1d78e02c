"""Take PostgreSQL away for a while: a private server, stopped under load."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from easymo.development import binaries, embedded
from easymo.development.embedded import Cluster
from tests import databases

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def private_cluster(home: Path) -> Iterator[Cluster]:
    """Give a server of one's own, with an empty database ``easymo``."""
    root = databases.memory()
    found = Cluster(home=home, options={"fsync": "off"}, data_root=root)
    embedded.hold_cluster(found, database="easymo")
    try:
        yield found
    finally:
        embedded.release_cluster(found, wait_seconds=90)
        shutil.rmtree(found.socket, ignore_errors=True)
        if root is None and os.geteuid() == 0:
            root = binaries.private_root()
        if root is not None:
            shutil.rmtree(root / found.socket.name, ignore_errors=True)


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """Stop the server at once, as a crash does; start it again at the end."""
    keeper, server = processes_of(cluster)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(server, signal.SIGQUIT)
    try:
        yield
    finally:
        os.kill(keeper, signal.SIGCONT)


@contextmanager
def read_only(cluster: Cluster) -> Iterator[None]:
    """Refuse all writes, like a standby or a full disk."""
    _configure(cluster, "SET default_transaction_read_only = on")
    try:
        yield
    finally:
        _configure(cluster, "RESET default_transaction_read_only")


def _configure(cluster: Cluster, change: str) -> None:
    with psycopg.connect(cluster.url("easymo"), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM {change}")  # type: ignore[call-overload]
        connection.execute("SELECT pg_reload_conf()")


def processes_of(cluster: Cluster) -> tuple[int, int]:
    """Return the keeper's number and the server's."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (entry / "cmdline").read_bytes().decode(errors="replace")
            if str(embedded.KEEPER) in said and str(cluster.home) in said:
                found["keeper"] = int(entry.name)
            if f"unix_socket_directories={cluster.socket}" in said:
                found["server"] = int(entry.name)
    return found["keeper"], found["server"]
