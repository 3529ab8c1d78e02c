from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.core.features import Feature
from rollout.policy.effective_flag import FlagReason, FlagRule
from rollout.snapshot import cache
from rollout.snapshot.cache import NOTHING, SnapshotCache
from rollout.snapshot.reading import FlagReading
from rollout.snapshot.watchdog import FAIL_SAFE_S


def reading(version: int, *, removed: bool = False) -> FlagReading:
    rule = FlagRule(
        flag=Feature.CHAT,
        everyone=True,
        salt="salt",
        threshold=0,
        cohorts=frozenset(),
        members=frozenset(),
    )
    return FlagReading(version, {Feature.CHAT: rule}, functions_removed=removed)


@pytest.mark.parametrize(("started_at", "version"), [(9.0, 1), (10.0, 2), (11.0, 2)])
def test_publish__reading_started_earlier__does_not_replace_a_later_one(
    started_at: float, version: int
) -> None:
    # Given
    held = SnapshotCache()
    held.publish(reading(1), started_at=10.0)

    # When
    held.publish(reading(2), started_at=started_at)

    # Then
    assert held.snapshot.version == version
    assert held.snapshot.confirmed_at == max(10.0, started_at)


def test_decide__stale_snapshot__off() -> None:
    # Given
    held = SnapshotCache()
    held.publish(reading(3), started_at=10.0)
    assert held.snapshot.decide(Feature.CHAT, "subject").on is True

    # When
    found = replace(held.snapshot, stale=True).decide(Feature.CHAT, "subject")

    # Then
    assert (found.on, found.reason, found.version) == (False, FlagReason.STALE, 3)


@pytest.mark.parametrize("started_at", [9.0, 10.0, 11.0])
def test_confirm__started_earlier__does_not_shorten_the_trust(
    started_at: float,
) -> None:
    # Given
    held = SnapshotCache()
    held.publish(reading(1, removed=True), started_at=10.0)

    # When
    held.confirm(started_at=started_at)

    # Then
    assert held.snapshot.confirmed_at == max(10.0, started_at)
    assert held.snapshot.version == 1
    assert held.snapshot.functions_removed is True


@pytest.mark.parametrize(
    ("is_exposed", "on"), [(True, False), (False, True)], ids=["customers", "staff"]
)
def test_publish__evaluator_silent__on_for_everyone_only_without_customers(
    is_exposed: bool, on: bool
) -> None:
    # Given
    held = SnapshotCache()
    for now in (0.0, 10.0):
        held.watchdog.observe(None, is_exposed=is_exposed, now=now)
    held.watchdog.moved -= FAIL_SAFE_S

    # When
    held.publish(reading(1), started_at=10.0)

    # Then
    assert held.snapshot.unwatched is not on
    assert held.snapshot.decide(Feature.CHAT, "subject").on is on


def test_reset__state_of_the_parent_process__is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    held = SnapshotCache()
    monkeypatch.setattr(cache, "snapshot_cache", held)
    held.publish(reading(1), started_at=10.0)
    held.tried_at = 10.0
    held.watchdog.observe(None, is_exposed=True, now=10.0)
    lock = held.lock
    lock.acquire()

    # When
    cache.reset()

    # Then
    assert held.snapshot is NOTHING
    assert held.tried_at == float("-inf")
    assert held.watchdog.is_exposed is False
    assert held.lock is not lock
    assert held.lock.locked() is False
