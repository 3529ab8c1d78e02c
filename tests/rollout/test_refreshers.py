from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.utils import timezone

from rollout import reading, refreshers
from rollout.holder import Holder
from rollout.models import ServingProcess
from rollout.refreshers import ACKNOWLEDGE_S, POLL_S, Refreshers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Holder:
    """What a process knows that has just begun."""
    own = Holder()
    monkeypatch.setattr(refreshers, "holder", own)
    return own


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The versions of all whole readings."""
    found: list[int] = []
    read_all = reading.read_all

    def noted(connection: Any) -> reading.Reading:
        read = read_all(connection)
        found.append(read.version)
        return read

    monkeypatch.setattr(reading, "read_all", noted)
    return found


@pytest.mark.usefixtures("committed_db")
def test_refresh__epoch_not_moved__confirms_and_reads_no_more(
    switch: Switch, held: Holder, reads: list[int]
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
def test_refresh__acknowledges__each_version_at_once_and_itself_now_and_then(
    switch: Switch, held: Holder
) -> None:
    process = Refreshers()
    long_ago = timezone.now() - timedelta(hours=1)

    def acknowledged(*, after_s: float = 0.0) -> tuple[int, bool, bool]:
        """Refresh; return the version on the row, and which of its moments moved."""
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
        # An hour for a machine that is busy: the second one comes well before it.
        process.acknowledged = (first[0], process.acknowledged[1] + 3_600)
        again = acknowledged()
        later = acknowledged(after_s=3_600 + ACKNOWLEDGE_S)
        switch(CHAT=True)
        moved = acknowledged()

    assert first == (held.snapshot.version - 1, True, True)
    assert again == (first[0], False, False)
    assert later == (first[0], True, False)
    assert moved == (held.snapshot.version, True, True)


def test_poll__database_away__waits_before_each_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process = Refreshers()
    tries: list[int] = []
    waits: list[float] = []

    def refused() -> psycopg.Connection:
        tries.append(len(waits))
        if len(tries) == 3:
            process.stopping.set()
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(reading, "own_connection", refused)
    monkeypatch.setattr(process, "wait", waits.append)

    # When
    process.poll()

    # Then
    assert tries == [0, 1, 2]
    assert waits == [POLL_S] * 3


def test_poll__database_there__waits_between_two_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process, opened = Refreshers(), []
    looks: list[int] = []
    waits: list[float] = []

    @contextmanager
    def connected() -> Iterator[object]:
        opened.append(1)
        yield object()

    def look(_own: object) -> None:
        looks.append(len(waits))
        if len(looks) == 3:
            process.stopping.set()

    monkeypatch.setattr(reading, "own_connection", connected)
    monkeypatch.setattr(process, "refresh", look)
    monkeypatch.setattr(process, "wait", waits.append)

    # When
    process.poll()

    # Then
    assert opened == [1]
    assert looks == [0, 1, 2]
    assert waits == [POLL_S] * 3


def test_wait__rung_meanwhile__not_rung_any_more() -> None:
    # Given
    process = Refreshers()
    process.ring.set()

    # When: the end of a test that is stuck here is the suite's own
    process.wait(10_000.0)

    # Then
    assert process.ring.is_set() is False


def test_listen__connected_anew__rings_for_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    process, rang = Refreshers(), []

    @contextmanager
    def connected() -> Iterator[object]:
        yield object()

    def hear(_raw: object) -> None:
        rang.append(process.ring.is_set())
        process.stopping.set()

    monkeypatch.setattr(refreshers, "listening", connected)
    monkeypatch.setattr(process, "hear", hear)

    # When
    process.listen()

    # Then
    assert rang == [True]


def test_listen__refused__waits_before_each_try(
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
    assert process.ring.is_set() is False


def test_listening__url_of_its_own__connects_there(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(psycopg, "connect", lambda **wanted: asked.append(wanted))
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
def test_role__command_of_the_process__tells_it(
    monkeypatch: pytest.MonkeyPatch, command: list[str], role: str
) -> None:
    monkeypatch.setattr(sys, "argv", command)

    assert refreshers.role() == role


@pytest.mark.usefixtures("committed_db")
def test_start__one_thread_has_ended__begins_anew_else_not() -> None:
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
