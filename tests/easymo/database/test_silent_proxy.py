"""A proxy that acknowledges everything and forwards nothing: noticed by the caller."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from agents.inbound import event_store
from easymo.database import freshness, queue_connector
from easymo.database.answers import (
    ANSWER_S,
    BoundedAsyncConnection,
    BoundedConnection,
    Unanswered,
    answered_within,
    without_limit,
)
from easymo.database.errors import is_transient
from easymo.database.queue_connector import PatientConnector, direct_parameters
from easymo.database.schema import ROLE_SETTINGS
from rollout.snapshot import reading, refreshers
from tests import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 1.0
# Far longer than the limit, for a machine that is busy.
PATIENCE_S = 40.0
# Before the statement, and while the database works on it.
SILENT_FROM = ("the beginning", "the middle")


class Proxy:
    """Forwards connections to PostgreSQL; `silence` deafens those that are open."""

    def __init__(self, host: str, port: str) -> None:
        self._server = (host, port)
        self._lines: list[socket.socket] = []
        self._deaf: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def silence(self) -> None:
        """Take what arrives on the open connections, and pass nothing on."""
        self._deaf.update(self._lines)

    def close(self) -> None:
        for line in (self._listener, *self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                server = self._connect()
                self._lines += [caller, server]
                self._start(self._pass_on, caller, server)
                self._start(self._pass_on, server, caller)

    def _connect(self) -> socket.socket:
        host, port = self._server
        if not host.startswith("/"):
            return socket.create_connection((host, int(port or 5432)))
        line = socket.socket(socket.AF_UNIX)
        line.connect(f"{host}/.s.PGSQL.{port or 5432}")
        return line

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if source not in self._deaf:
                    target.sendall(data)
            if source not in self._deaf:
                target.shutdown(socket.SHUT_WR)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        threading.Thread(target=work, args=args, daemon=True).start()


@contextmanager
def proxied() -> Iterator[tuple[Proxy, dict[str, Any]]]:
    """Give a proxy and the parameters of connections through it."""
    found = direct_parameters()
    found.pop("pool", None)
    proxy = Proxy(str(found.get("host", "")), str(found.get("port", "")))
    try:
        yield proxy, {**found, "host": "127.0.0.1", "port": proxy.port}
    finally:
        proxy.close()


def later(work: Callable[[], None]) -> None:
    threading.Timer(0.2, work).start()


@pytest.mark.parametrize("since", SILENT_FROM)
def test_statement__no_answer__fails_in_time_and_may_be_repeated(
    since: str, committed_db: str
) -> None:
    with proxied() as (proxy, parameters):
        connection = BoundedConnection.connect(**parameters, autocommit=True)
        with answered_within(connection, LIMIT_S):
            assert connection.execute("SELECT 1").fetchone() == (1,)
            (
                proxy.silence
                if since == SILENT_FROM[0]
                else lambda: later(proxy.silence)
            )()
            started = time.monotonic()
            with pytest.raises(Unanswered) as error:
                connection.execute("SELECT pg_sleep(0.6)")

        assert time.monotonic() - started < PATIENCE_S
        assert is_transient(error.value)
        assert connection.closed


@pytest.mark.parametrize("since", SILENT_FROM)
async def test_statement_in_a_coroutine__no_answer__fails_in_time(
    since: str, committed_db: str
) -> None:
    with proxied() as (proxy, parameters):
        connection = await BoundedAsyncConnection.connect(**parameters, autocommit=True)
        with answered_within(connection, LIMIT_S):
            await connection.execute("SELECT 1")
            (
                proxy.silence
                if since == SILENT_FROM[0]
                else lambda: later(proxy.silence)
            )()
            with pytest.raises(Unanswered):
                async with asyncio.timeout(PATIENCE_S):
                    await connection.execute("SELECT pg_sleep(0.6)")
        assert connection.closed


def two_statements(proxy: Proxy, parameters: dict[str, Any]) -> None:
    with (
        BoundedConnection.connect(**parameters) as connection,
        answered_within(connection, LIMIT_S),
        connection.transaction(),
    ):
        connection.execute("SELECT 1")
        proxy.silence()
        connection.execute("SELECT 1")


def test_transaction__no_answer__ends_and_raises_once(committed_db: str) -> None:
    with proxied() as (proxy, parameters), pytest.raises(Unanswered):
        two_statements(proxy, parameters)


def test_check_before_use__no_answer__is_dead_in_seconds(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "ANSWER_S", LIMIT_S)
    with proxied() as (proxy, parameters):
        connection = BoundedConnection.connect(**parameters, autocommit=True)
        proxy.silence()
        with pytest.raises(psycopg.OperationalError):
            freshness.check(connection)


async def test_worker__connections_fall_silent__new_ones_go_on(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedAsyncConnection, "answer_s", LIMIT_S)
    with proxied() as (proxy, parameters):
        monkeypatch.setattr(queue_connector, "connect_parameters", lambda: parameters)
        connector = PatientConnector()
        await connector.open_async()
        try:
            assert await connector.execute_query_one_async("SELECT 1 AS one")

            # When
            proxy.silence()
            async with asyncio.timeout(PATIENCE_S):
                found = await connector.execute_query_one_async("SELECT 2 AS two")
        finally:
            await connector.close_async()
    assert found == {"two": 2}


def test_limit__is_longer_than_the_database_takes_and_off_in_migrations() -> None:
    assert float(ROLE_SETTINGS["statement_timeout"].removesuffix("s")) < ANSWER_S < 60
    with without_limit():
        assert BoundedConnection.answer_s is None
    assert BoundedConnection.answer_s == ANSWER_S


def test_connections__of_every_kind__have_the_limit(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [event_store._connect(), reading.own_connection(), refreshers.listening()]
    try:
        assert all(isinstance(each, BoundedConnection) for each in made)
        assert all(each.answer_s for each in made)
    finally:
        for each in made:
            each.close()


def test_settings__pool__is_of_connections_with_the_limit() -> None:
    """The settings of the tests have no pool."""
    asked = (
        "from easymo.settings import database as d;"
        "print(d.DATABASES['default']['OPTIONS']['pool']['connection_class'].__name__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=processes.ROOT,
        env=processes.environment(DATABASE_URL="postgresql://u:p@db.example/easymo"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.strip() == "BoundedConnection"
