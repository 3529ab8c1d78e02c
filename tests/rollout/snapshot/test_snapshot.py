from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection

from rollout.core.features import Feature
from rollout.flags import acknowledgements, cohorts, exposure
from rollout.models import ServingProcess
from rollout.policy.effective_flag import FlagReason
from rollout.snapshot import flag_snapshot, reading, refreshers
from rollout.snapshot.cache import snapshot_cache
from tests.rollout import processes
from tests.rollout.conftest import ALINE, BOSCO, Switch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings


@pytest.fixture
def refreshing(
    committed_db: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Refresh in threads, as a serving process does."""
    monkeypatch.setattr(refreshers, "LISTEN_TIMEOUT_S", 0.1)
    settings.ROLLOUT_REFRESH = "threads"
    refreshers.stop()
    yield
    refreshers.stop()


def wait_until(is_so: object, seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():  # type: ignore[operator]
            return True
        time.sleep(0.005)
    return False


def listeners() -> int:
    """Return how many connections hear of flips here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query = 'LISTEN rollout'"
        )
        return int(cursor.fetchone()[0])


def cut_off_the_others() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def chat_is_on() -> bool:
    return exposure.is_on(Feature.CHAT, ALINE)


@pytest.mark.usefixtures("refreshing")
def test_is_on__warm__no_query(
    switch: Switch, django_assert_num_queries: object
) -> None:
    # Given
    switch(CHAT=True, percent=50)
    exposure.is_on(Feature.CHAT, ALINE)

    # When
    with django_assert_num_queries(0):  # type: ignore[operator]
        for number in range(1000):
            exposure.is_on(Feature.CHAT, str(number))
            exposure.exposure_of(str(number))

    # Then
    assert snapshot_cache.snapshot.stale is False


@pytest.mark.usefixtures("refreshing")
def test_flip__listening__seen_without_a_poll(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(refreshers, "POLL_S", 600.0)
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", 600.0)
    assert chat_is_on() is False
    assert wait_until(lambda: listeners() == 1)

    # When
    switch(CHAT=True)

    # Then
    assert wait_until(chat_is_on)


@pytest.mark.usefixtures("refreshing")
def test_flip__polling_only__seen_by_a_poll(
    switch: Switch, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: no check reads the database, however late the poll is
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", 600.0)
    settings.DATABASE_LISTEN = None
    assert chat_is_on() is False
    assert [t.name for t in threading.enumerate() if "rollout" in t.name] == [
        "rollout-poll"
    ]

    # When
    switch(CHAT=True)

    # Then
    assert wait_until(chat_is_on)


@pytest.mark.usefixtures("refreshing")
def test_flip__listener_cut_off__polling_catches_it(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", 600.0)
    assert chat_is_on() is False
    assert wait_until(lambda: listeners() == 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query = 'LISTEN rollout'"
        )
        assert cursor.fetchone() == (1,)

    # When
    switch(CHAT=True)

    # Then
    assert wait_until(chat_is_on)


@pytest.mark.usefixtures("refreshing")
def test_current__database_gone__off_as_stale_and_back_again(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    switch(CHAT=True)
    assert chat_is_on() is True
    connect, trusted_s = reading.own_connection, flag_snapshot.TRUSTED_S

    def refused() -> psycopg.Connection:
        raise psycopg.OperationalError("gone")

    def goes_off() -> bool:
        cut_off_the_others()
        return not chat_is_on()

    # When
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", 600.0)
    monkeypatch.setattr(reading, "own_connection", refused)
    cut_off_the_others()
    assert chat_is_on() is True
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", 0.0)
    went_off = wait_until(goes_off)
    reasons = exposure.exposure_of(ALINE).reasons
    anyone = exposure.is_on_for_anyone(Feature.CHAT)
    gone_until = time.monotonic()
    monkeypatch.setattr(flag_snapshot, "TRUSTED_S", trusted_s)
    monkeypatch.setattr(reading, "own_connection", connect)

    # Then
    assert went_off is True
    assert set(reasons.values()) == {FlagReason.STALE}
    assert anyone is False
    assert wait_until(lambda: snapshot_cache.snapshot.confirmed_at > gone_until)
    assert chat_is_on() is True


@pytest.mark.usefixtures("refreshing")
def test_current__refreshers_dead__reads_through(
    switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(refreshers, "start", lambda: None)
    before = chat_is_on()
    switch(CHAT=True)

    # When: it has not been confirmed for too long.
    long_ago = time.monotonic() - flag_snapshot.TRUSTED_S - 1
    snapshot_cache.snapshot = replace(snapshot_cache.snapshot, confirmed_at=long_ago)

    # Then
    assert before is False
    assert chat_is_on() is True


@pytest.mark.usefixtures("refreshing")
def test_forked_child__asks_for_itself(switch: Switch) -> None:
    # Given
    assert chat_is_on() is False
    before, parent = snapshot_cache.lock, refreshers._running
    assert parent is not None
    # A child has none of its parent's threads.
    parent.stop()

    # When
    refreshers._after_fork()

    # Then
    assert snapshot_cache.snapshot.stale is True
    assert snapshot_cache.lock is not before
    switch(CHAT=True)
    assert chat_is_on() is True
    assert refreshers._running is not parent


def test_flip__three_processes__all_see_it_and_acknowledge(
    committed_db: str, switch: Switch
) -> None:
    # Given
    with processes.asking(committed_db, count=3) as asking:
        assert wait_until(lambda: ServingProcess.objects.count() == 3)
        processes.seen(asking, "on")

        # When
        changed = switch(CHAT=True)
        receipt = acknowledgements.await_acknowledgement(changed.epoch, wait=90)

        # Then
        assert len(processes.moments(asking)) == 3
    assert (receipt.processes, receipt.acknowledged) == (3, 3)
    assert str(receipt).startswith("acknowledged by 3 of 3 in ")
    assert ServingProcess.objects.count() == 3


def test_process__ends_in_good_order__is_not_one_fallen_silent(
    committed_db: str,
) -> None:
    # Given
    with processes.asking(committed_db, count=2) as (ends, killed):
        assert wait_until(lambda: ServingProcess.objects.count() == 2)

        # When
        assert ends.stdin is not None
        ends.stdin.close()
        ends.wait(90)
        killed.kill()
        killed.wait(90)

    # Then
    assert ServingProcess.objects.get().pid == killed.pid


@pytest.mark.django_db
def test_exposure__limited__differs_by_subject_not_for_strangers(
    switch: Switch,
) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(CHAT=True, cohorts=["beta"])

    # When
    aline, bosco = exposure.exposure_of(ALINE), exposure.exposure_of(BOSCO)

    # Then
    assert (aline.chat, bosco.chat) == (True, False)
    assert aline.reasons[Feature.CHAT] == FlagReason.COHORT
    assert exposure.is_on(Feature.CHAT, None) is False
    assert exposure.is_on_for_anyone(Feature.CHAT) is True
    assert exposure.is_on_for_everyone(Feature.CHAT) is False


@pytest.mark.django_db
def test_exposure__forced_off__whatever_the_rows_say(
    switch: Switch, settings: Settings
) -> None:
    # Given
    switch(CHAT=True)
    settings.FEATURES_FORCED_OFF = frozenset({"FEATURE_AGENT_CHAT"})

    # When
    answer = exposure.exposure_of(ALINE)

    # Then
    assert answer.chat is False
    assert answer.reasons[Feature.CHAT] == FlagReason.FORCED_OFF
    assert exposure.is_on_for_anyone(Feature.CHAT) is False
