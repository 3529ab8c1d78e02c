"""Checks with a snapshot that was not confirmed for too long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import OperationalError

from rollout.core.features import Feature
from rollout.policy.effective_flag import FlagRule
from rollout.snapshot import cache, flag_snapshot, reading, refreshers
from rollout.snapshot.cache import Snapshot, SnapshotCache
from tests.live import until

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch

SUBJECT = "11111111-1111-4111-8111-111111111111"


class Unavailable:
    """An unavailable database that counts the attempts."""

    def __init__(self) -> None:
        self.attempts = 0

    def __call__(self) -> psycopg.Connection:
        self.attempts += 1
        raise psycopg.OperationalError("gone")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record each start of the refreshers instead of starting them."""
    found: list[int] = []
    monkeypatch.setattr(refreshers, "start", lambda: found.append(1))
    return found


@pytest.fixture
def held(
    monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper, started: list[int]
) -> SnapshotCache:
    """Return the cache of a serving process that has just started."""
    own = SnapshotCache()
    settings.ROLLOUT_REFRESH = "threads"
    monkeypatch.setattr(flag_snapshot, "snapshot_cache", own)
    monkeypatch.setattr(cache, "snapshot_cache", own)
    return own


@pytest.fixture
def unavailable(monkeypatch: pytest.MonkeyPatch) -> Unavailable:
    found = Unavailable()
    monkeypatch.setattr(reading, "own_connection", found)
    return found


def as_of(confirmed_at: float, version: int = 7) -> Snapshot:
    rule = FlagRule(
        flag=Feature.CHAT,
        everyone=True,
        salt="salt",
        threshold=0,
        cohorts=frozenset(),
        members=frozenset(),
    )
    return Snapshot(version, {Feature.CHAT: rule}, confirmed_at)


def test_current__confirmed_recently__returned_unchanged(
    held: SnapshotCache, unavailable: Unavailable
) -> None:
    held.snapshot = as_of(monotonic() + 60)

    assert flag_snapshot.current() is held.snapshot
    assert flag_snapshot.is_on(Feature.CHAT, SUBJECT) is True
    assert unavailable.attempts == 0


def test_current__old_and_database_unavailable__stale_and_tried_once_a_while(
    held: SnapshotCache,
    unavailable: Unavailable,
    started: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(flag_snapshot, "RETRY_S", 600.0)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    found = [flag_snapshot.current() for _ in range(3)]

    # Then
    assert found == [replace(held.snapshot, stale=True)] * 3
    assert flag_snapshot.is_on(Feature.CHAT, SUBJECT) is False
    assert unavailable.attempts == 1
    assert len(started) == 4

    # When
    held.tried_at -= 600.0
    flag_snapshot.current()

    # Then
    assert unavailable.attempts == 2
    assert held.lock.locked() is False


def test_current__another_thread_reads_for_long__stale_after_a_while(
    held: SnapshotCache, unavailable: Unavailable, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(flag_snapshot, "RETRY_S", 0.05)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    with held.lock:
        found = flag_snapshot.current()
        still_held = held.lock.locked()

    # Then
    assert found == replace(held.snapshot, stale=True)
    assert still_held is True
    assert unavailable.attempts == 0


def test_current__another_thread_has_read_meanwhile__not_read_again(
    held: SnapshotCache,
    unavailable: Unavailable,
    started: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    monkeypatch.setattr(flag_snapshot, "RETRY_S", 600.0)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    with ThreadPoolExecutor(1) as pool:
        with held.lock:
            asking = pool.submit(flag_snapshot.current)
            until(lambda: started)
            held.snapshot = as_of(monotonic() + 600, version=8)
        found = asking.result(60)

    # Then
    assert found is held.snapshot
    assert unavailable.attempts == 0


@pytest.mark.usefixtures("committed_db")
def test_current__old_and_database_available__read_and_trusted(
    held: SnapshotCache, switch: Switch
) -> None:
    # Given
    switch(CHAT=True)
    before = monotonic()

    # When
    found = flag_snapshot.current()

    # Then
    assert found is held.snapshot
    assert found.confirmed_at >= before
    assert found.decide(Feature.CHAT, SUBJECT).on is True


@pytest.mark.django_db
def test_is_known_off__old_snapshot__is_used(
    held: SnapshotCache,
    unavailable: Unavailable,
    switch: Switch,
    settings: SettingsWrapper,
) -> None:
    # Given: no snapshot yet
    assert flag_snapshot.is_known_off(Feature.CHAT, SUBJECT) is False

    # When
    held.snapshot = as_of(0.0)

    # Then
    assert flag_snapshot.is_known_off(Feature.CHAT, SUBJECT) is False
    assert flag_snapshot.is_known_off(Feature.VOICE, SUBJECT) is True
    settings.ROLLOUT_REFRESH = "inline"
    switch(VOICE=True)
    assert flag_snapshot.is_known_off(Feature.CHAT, SUBJECT) is True
    assert flag_snapshot.is_known_off(Feature.VOICE, SUBJECT) is False
    assert unavailable.attempts == 0


def test_age__nothing_read_yet__none(held: SnapshotCache) -> None:
    assert flag_snapshot.age() is None

    held.snapshot = as_of(monotonic() - 100)

    age = flag_snapshot.age()
    assert age is not None
    assert age >= 100


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), None])
def test_current__inline_and_database_unavailable__off(
    switch: Switch, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    # Given
    switch(CHAT=True)
    read_flags = reading.read_flags

    def read(connection: reading.Connection) -> reading.FlagReading:
        if error:
            raise error
        return read_flags(connection)

    monkeypatch.setattr(reading, "read_flags", read)
    monkeypatch.setattr(flag_snapshot.snapshot_cache, "snapshot", as_of(0.0))

    # Then
    assert flag_snapshot.current().stale is (error is not None)
    assert flag_snapshot.is_on(Feature.CHAT, SUBJECT) is (error is None)


@pytest.mark.parametrize(("setting", "times"), [("threads", 1), ("inline", 0)])
def test_start__setting__starts_threads_or_not(
    settings: SettingsWrapper, started: list[int], setting: str, times: int
) -> None:
    settings.ROLLOUT_REFRESH = setting

    flag_snapshot.start()

    assert len(started) == times


async def test_current__inline_on_an_event_loop__reads_in_another_thread(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    asked: list[str] = []

    def read(_connection: object) -> reading.FlagReading:
        asked.append(threading.current_thread().name)
        return reading.FlagReading(3, {}, functions_removed=True)

    monkeypatch.setattr(reading, "read_flags", read)

    # When
    found = flag_snapshot.current()

    # Then
    assert (found.version, found.functions_removed, found.stale) == (3, True, False)
    assert asked != [threading.current_thread().name]
