"""The development database: a real PostgreSQL for this checkout while it is in use.

Each user takes a shared lock for the life of its process. The first one starts a keeper
(``keeper.py``), which starts PostgreSQL, restarts it after a crash, and stops it when
the last lock is gone. The kernel drops the locks of a killed process, so nothing needs
cleaning up after kill -9.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
from django.conf import settings

from easymo.development import binaries
from easymo.development.binaries import EmbeddedError
from easymo.paths import socket_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER = "easymo"
START_SECONDS = 90
KEEPER = Path(__file__).with_name("keeper.py")
_held: dict[Path, int] = {}


@dataclass(frozen=True)
class Cluster:
    """One development server, identified by its folder."""

    home: Path
    options: Mapping[str, str] = field(default_factory=dict)
    # The data folder, when it is not beside the socket and the log.
    data_root: Path | None = None

    @property
    def socket(self) -> Path:
        """The folder of its socket."""
        return socket_folder(self.home)

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://{USER}@/{quote(database)}?host={quote(str(self.socket))}"

    def answers(self) -> bool:
        """Tell whether the server accepts a connection."""
        try:
            self.connect().close()
        except psycopg.Error:
            return False
        return True

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open a connection of our own in autocommit mode."""
        return psycopg.connect(
            host=str(self.socket),
            user=USER,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )


def hold_cluster(cluster: Cluster, *, database: str | None = None) -> None:
    """Start the server if needed and keep it running until this process ends."""
    if cluster.home in _held:
        return
    with _in_plain_words(cluster.home):
        cluster.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = os.open(cluster.home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        with (cluster.home / "start.lock").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not cluster.answers() or not _is_kept(cluster):
                _start(cluster)
            if database:
                _create(cluster, database)
    _held[cluster.home] = users


def release_cluster(cluster: Cluster, *, wait_seconds: float = 0) -> None:
    """Release the server; with a wait, return once it stopped or another user has it."""
    users = _held.pop(cluster.home, None)
    if users is None:
        return
    os.close(users)
    deadline = time.monotonic() + wait_seconds
    with (cluster.home / "keeper.lock").open("a") as keeper:
        while time.monotonic() < deadline:
            if _is_free(keeper) or not _is_idle(cluster):
                return
            time.sleep(0.05)


def _is_kept(cluster: Cluster) -> bool:
    with (cluster.home / "keeper.lock").open("a") as keeper:
        return not _is_free(keeper)


def _is_idle(cluster: Cluster) -> bool:
    """Tell whether no user holds the server, or its keeper is stopping it."""
    with (cluster.home / "users.lock").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return (
                True  # the keeper holds the lock exclusively: it is stopping the server
            )
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


def _start(cluster: Cluster) -> None:
    """Start a keeper; wait until the server answers or the keeper reports an error."""
    failure = cluster.home / "failed"
    failure.unlink(missing_ok=True)
    order = json.dumps(_order(cluster))
    with (cluster.home / "keeper.log").open("w") as log:
        # The keeper detaches itself: it outlives this process when others need it.
        subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(KEEPER), order],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if cluster.answers():
            return
        if failure.exists():
            raise EmbeddedError(failure.read_text().strip())
        time.sleep(0.05)
    raise EmbeddedError(
        f"The development database did not start within {START_SECONDS} seconds; "
        f"{cluster.home / 'postgres.log'} says more."
    )


def _order(cluster: Cluster) -> dict[str, Any]:
    """Return the arguments of a keeper, which is a separate process."""
    owner = binaries.owner()
    programs = binaries.readable_copy() if owner else binaries.programs()
    root = cluster.data_root or (binaries.private_root() if owner else None)
    data = _data_below(root, cluster) if root else cluster.home / "data"
    return {
        "home": str(cluster.home),
        "data": str(data),
        "socket": str(cluster.socket),
        "programs": str(programs),
        "user": USER,
        "owner": owner,
        "options": dict(cluster.options),
    }


def _data_below(root: Path, cluster: Cluster) -> Path:
    """Return a data folder outside the checkout that lives as long as its var folder.

    After ``var/`` is deleted, or a new clone takes the same place, the keys are new, so
    the old data must not be used. Call it while no server of the cluster runs.
    """
    folder = root / cluster.socket.name
    marker = cluster.home / "data-id"
    if not marker.exists():
        for leftover in folder.glob("data*"):
            shutil.rmtree(leftover)
        marker.write_text(secrets.token_hex(8))
    return folder / f"data-{marker.read_text().strip()}"


def _create(cluster: Cluster, database: str) -> None:
    with cluster.connect() as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [database]
        ).fetchone()
        if not known:
            name = psycopg.sql.Identifier(database)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))


@contextmanager
def _in_plain_words(folder: Path) -> Iterator[None]:
    """Turn a file system error into a sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(refusal(folder, error)) from error
    except subprocess.CalledProcessError as error:
        log = folder / "keeper.log"
        raise EmbeddedError(
            f"The development database did not start; {log} says why."
        ) from error


def refusal(folder: Path, error: OSError) -> str:
    """Say in a sentence why a folder cannot be used."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"There is no room left on the disk for {folder} ({reason})."
    return (
        f"easymo cannot write to {folder} ({reason}). Give the folder to your "
        "account, or set DATABASE_URL to a database elsewhere."
    )


def cluster() -> Cluster:
    """Return the server of demonstration mode."""
    return Cluster(home=settings.DEMONSTRATION_HOME)


def hold() -> None:
    """In demonstration mode, start the server and keep it while this process lives."""
    if settings.DEMONSTRATION:
        hold_cluster(cluster(), database=settings.DEMONSTRATION_DATABASE)


def empty() -> None:
    """In demonstration mode, drop the database of the running server and create it."""
    with cluster().connect() as connection:
        name = psycopg.sql.Identifier(settings.DEMONSTRATION_DATABASE)
        drop = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(drop.format(name))
    _create(cluster(), settings.DEMONSTRATION_DATABASE)


def release(*, wait_seconds: float = 0) -> None:
    """In demonstration mode, release the server; the last user stops it."""
    if settings.DEMONSTRATION:
        release_cluster(cluster(), wait_seconds=wait_seconds)
