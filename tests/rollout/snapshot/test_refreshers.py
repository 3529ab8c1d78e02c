from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.utils import timezone

from easymo.database.answers import BoundedConnection
from rollout.models import ServingProcess
from rollout.snapshot import reading, refreshers
from rollout.snapshot.cache import SnapshotCache
from rollout.snapshot.refreshers import ACKNOWLEDGE_S, POLL_S, Refreshers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> SnapshotCache:
    """Return the cache of a process that has just started."""
    own = SnapshotCache()
    monkeypatch.setattr(refreshers, "snapshot_cache", own)
    return own


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the version of each reading of all flags."""
    found: list[int] = []
    read_flags = reading.read_flags

    def noted(connection: Any) -> reading.FlagReading:
        read = read_flags(connection)
        found.append(read.version)
        return read

    monkeypatch.setattr(reading, "read_flags", noted)
    return found


@pytest.mark.usefixtures("committed_db")
def test_refresh__epoch_unchanged__confirms_without_reading(
    switch: Switch, held: SnapshotCache, reads: list[int]
) -> None:
    process = Refreshers()
    with reading.own_connection() as own:
        # Given
        process.refresh(own)
        first = held.snapshot

        # When
        process.refresh(own)

        # Then
        assert len(reads) == 1
        assert held.snapshot.confirmed_at > first.confirmed_at
        assert held.snapshot.rules is first.rules

        # When
        switch(CHAT=True)
        process.refresh(own)

    # Then
    assert len(reads) == 2
    assert held.snapshot.version == reads[1] > reads[0]


@pytest.mark.usefixtures("committed_db")
def test_refresh__new_version__acknowledged_at_once_else_once_in_a_while(
    switch: Switch, held: SnapshotCache
) -> None:
    process = Refreshers()
    long_ago = timezone.now() - timedelta(hours=1)

    def acknowledged(*, after_s: float = 0.0) -> tuple[int, bool, bool]:
        """Refresh; return the version on the row, and which of its times changed."""
        ServingProcess.objects.update(seen_at=long_ago, acknowledged_at=long_ago)
        version, at = process.acknowledged
        process.acknowledged = (version, at - after_s)
        process.refresh(own)
        row = ServingProcess.objects.get()
        return (
            row.version_seen,
            row.seen_at > long_ago,
            row.acknowledged_at > long_ago,
        )

    with reading.own_connection() as own:
        first = acknowledged()
        # One hour more, so that a busy machine is not late for the second refresh.
        process.acknowledged = (first[0], process.acknowledged[1] + 3_600)
        again = acknowledged()
        later = acknowledged(after_s=3_600 + ACKNOWLEDGE_S)
        switch(CHAT=True)
        moved = acknowledged()

    assert first == (held.snapshot.version - 1, True, True)
    assert again == (first[0], False, False)
    assert later == (first[0], True, False)
    assert moved == (held.snapshot.version, True, True)


def test_poll__database_unavailable__waits_before_each_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process = Refreshers()
    attempts: list[int] = []
    waits: list[float] = []

    def refused() -> psycopg.Connection:
        attempts.append(len(waits))
        if len(attempts) == 3:
            process.stopping.set()
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(reading, "own_connection", refused)
    monkeypatch.setattr(process, "wait", waits.append)

    # When
    process.poll()

    # Then
    assert attempts == [0, 1, 2]
    assert waits == [POLL_S] * 3


def test_poll__database_available__waits_between_refreshes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process, opened = Refreshers(), []
    refreshes: list[int] = []
    waits: list[float] = []

    @contextmanager
    def connected() -> Iterator[object]:
        opened.append(1)
        yield object()

    def refresh(_own: object) -> None:
        refreshes.append(len(waits))
        if len(refreshes) == 3:
            process.stopping.set()

    monkeypatch.setattr(reading, "own_connection", connected)
    monkeypatch.setattr(process, "refresh", refresh)
    monkeypatch.setattr(process, "wait", waits.append)

    # When
    process.poll()

    # Then
    assert opened == [1]
    assert refreshes == [0, 1, 2]
    assert waits == [POLL_S] * 3


def test_wait__woken_up__event_is_cleared() -> None:
    # Given
    process = Refreshers()
    process.wake_up.set()

    # When: it returns at once; only the time-out of the suite would end the wait
    process.wait(10_000.0)

    # Then
    assert process.wake_up.is_set() is False


def test_listen__connected_again__wakes_the_poller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process, awake = Refreshers(), []

    @contextmanager
    def connected() -> Iterator[object]:
        yield object()

    def receive(_raw: object) -> None:
        awake.append(process.wake_up.is_set())
        process.stopping.set()

    monkeypatch.setattr(refreshers, "listening", connected)
    monkeypatch.setattr(process, "receive_notifications", receive)

    # When
    process.listen()

    # Then
    assert awake == [True]


def test_listen__refused__waits_before_each_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process = Refreshers()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            process.stopping.set()

    def refused() -> psycopg.Connection:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(refreshers, "listening", refused)
    monkeypatch.setattr(process.stopping, "wait", wait)

    # When
    process.listen()

    # Then
    assert len(waits) == 3
    assert all(0.2 <= seconds <= 1.0 for seconds in waits)
    assert process.wake_up.is_set() is False


def test_listening__own_url__connects_to_it(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        BoundedConnection, "connect", lambda **wanted: asked.append(wanted)
    )
    settings.DATABASE_LISTEN = {"host": "elsewhere", "connect_timeout": 99}

    # When
    refreshers.listening()

    # Then
    assert asked == [
        {
            "host": "elsewhere",
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "autocommit": True,
        }
    ]


@pytest.mark.parametrize(
    ("command", "role"),
    [(["manage.py", "procrastinate", "worker"], "worker"), (["granian"], "web")],
)
def test_role__command_line__decides(
    monkeypatch: pytest.MonkeyPatch, command: list[str], role: str
) -> None:
    monkeypatch.setattr(sys, "argv", command)

    assert refreshers.role() == role


@pytest.mark.usefixtures("committed_db")
def test_start__a_thread_has_ended__starts_again() -> None:
    refreshers.stop()
    try:
        # Given
        refreshers.start()
        first = refreshers._running
        refreshers.start()
        assert refreshers._running is first
        assert first is not None
        assert first.is_alive() is True
        assert first.at_end is not None

        # When
        first.stop()
        assert first.at_end.still_active() is False
        first.threads[-1] = threading.current_thread()
        refreshers.start()

        # Then
        assert first.is_alive() is False
        assert refreshers._running is not first
        assert Refreshers().is_alive() is False
    finally:
        refreshers.stop()
