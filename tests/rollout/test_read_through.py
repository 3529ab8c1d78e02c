"""What an asker does whose snapshot nobody has confirmed for too long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import OperationalError

from rollout import holder as holding
from rollout import reading, refreshers, snapshot
from rollout.features import Feature
from rollout.holder import Holder, Snapshot
from rollout.policy.effective import Rule
from tests.live import until

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.rollout.conftest import Switch

SOMEBODY = "11111111-1111-4111-8111-111111111111"


class Away:
    """A database that nobody reaches; counts who tried."""

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self) -> psycopg.Connection:
        self.tries += 1
        raise psycopg.OperationalError("gone")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the refreshers were asked to run; they do not."""
    found: list[int] = []
    monkeypatch.setattr(refreshers, "start", lambda: found.append(1))
    return found


@pytest.fixture
def held(
    monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper, started: list[int]
) -> Holder:
    """What a serving process knows that has just begun."""
    own = Holder()
    settings.ROLLOUT_REFRESH = "threads"
    monkeypatch.setattr(snapshot, "holder", own)
    monkeypatch.setattr(holding, "holder", own)
    return own


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    found = Away()
    monkeypatch.setattr(reading, "own_connection", found)
    return found


def as_of(confirmed_at: float, version: int = 7) -> Snapshot:
    rule = Rule(
        flag=Feature.CHAT,
        everyone=True,
        salt="salt",
        threshold=0,
        cohorts=frozenset(),
        members=frozenset(),
    )
    return Snapshot(version, {Feature.CHAT: rule}, confirmed_at)


def test_current__confirmed_lately__taken_as_it_is(held: Holder, away: Away) -> None:
    held.snapshot = as_of(monotonic() + 60)

    assert snapshot.current() is held.snapshot
    assert snapshot.is_on(Feature.CHAT, SOMEBODY) is True
    assert away.tries == 0


def test_current__old_and_database_away__stale_and_tried_once_in_a_while(
    held: Holder, away: Away, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(snapshot, "RETRY_S", 600.0)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    found = [snapshot.current() for _ in range(3)]

    # Then
    assert found == [replace(held.snapshot, stale=True)] * 3
    assert snapshot.is_on(Feature.CHAT, SOMEBODY) is False
    assert away.tries == 1
    assert len(started) == 4

    # When
    held.tried_at -= 600.0
    snapshot.current()

    # Then
    assert away.tries == 2
    assert held.lock.locked() is False


def test_current__another_reads_for_long__stale_after_a_while(
    held: Holder, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(snapshot, "RETRY_S", 0.05)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    with held.lock:
        found = snapshot.current()
        still_held = held.lock.locked()

    # Then
    assert found == replace(held.snapshot, stale=True)
    assert still_held is True
    assert away.tries == 0


def test_current__another_has_read_meanwhile__taken_and_not_read_again(
    held: Holder, away: Away, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(snapshot, "RETRY_S", 600.0)
    held.snapshot = as_of(monotonic() - 5.5)

    # When
    with ThreadPoolExecutor(1) as pool:
        with held.lock:
            asking = pool.submit(snapshot.current)
            until(lambda: started)
            held.snapshot = as_of(monotonic() + 600, version=8)
        found = asking.result(60)

    # Then
    assert found is held.snapshot
    assert away.tries == 0


@pytest.mark.usefixtures("committed_db")
def test_current__old_and_database_there__read_and_trusted(
    held: Holder, switch: Switch
) -> None:
    # Given
    switch(CHAT=True)
    before = monotonic()

    # When
    found = snapshot.current()

    # Then
    assert found is held.snapshot
    assert found.confirmed_at >= before
    assert found.decide(Feature.CHAT, SOMEBODY).on is True


@pytest.mark.django_db
def test_is_known_off__last_snapshot__is_asked_however_old(
    held: Holder, away: Away, switch: Switch, settings: SettingsWrapper
) -> None:
    # Given: nothing is known yet
    assert snapshot.is_known_off(Feature.CHAT, SOMEBODY) is False

    # When
    held.snapshot = as_of(0.0)

    # Then
    assert snapshot.is_known_off(Feature.CHAT, SOMEBODY) is False
    assert snapshot.is_known_off(Feature.VOICE, SOMEBODY) is True
    settings.ROLLOUT_REFRESH = "inline"
    switch(VOICE=True)
    assert snapshot.is_known_off(Feature.CHAT, SOMEBODY) is True
    assert snapshot.is_known_off(Feature.VOICE, SOMEBODY) is False
    assert away.tries == 0


def test_age__nothing_read_yet__none(held: Holder) -> None:
    assert snapshot.age() is None

    held.snapshot = as_of(monotonic() - 100)

    age = snapshot.age()
    assert age is not None
    assert age >= 100


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), None])
def test_current__inline__off_where_the_database_cannot_be_asked(
    switch: Switch, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    # Given
    switch(CHAT=True)
    read_all = reading.read_all

    def read(connection: reading.Connection) -> reading.Reading:
        if error:
            raise error
        return read_all(connection)

    monkeypatch.setattr(reading, "read_all", read)
    monkeypatch.setattr(snapshot.holder, "snapshot", as_of(0.0))

    # Then
    assert snapshot.current().stale is (error is not None)
    assert snapshot.is_on(Feature.CHAT, SOMEBODY) is (error is None)


@pytest.mark.parametrize(("setting", "times"), [("threads", 1), ("inline", 0)])
def test_start__setting__refreshes_in_threads_or_when_asked(
    settings: SettingsWrapper, started: list[int], setting: str, times: int
) -> None:
    settings.ROLLOUT_REFRESH = setting

    snapshot.start()

    assert len(started) == times


async def test_current__inline_on_an_event_loop__asks_from_another_thread(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    asked: list[str] = []

    def read(_connection: object) -> reading.Reading:
        asked.append(threading.current_thread().name)
        return reading.Reading(3, {}, functions_removed=True)

    monkeypatch.setattr(reading, "read_all", read)

    # When
    found = snapshot.current()

    # Then
    assert (found.version, found.functions_removed, found.stale) == (3, True, False)
    assert asked != [threading.current_thread().name]
