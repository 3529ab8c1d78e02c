from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection

from rollout.core import clock
from rollout.evidence import figures, observations
from rollout.evidence.observations import FinishedConversation
from rollout.models import HourRollup, MetricRollup, Observation, StageRun
from tests.rollout import plan_cases

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def finished(key: str = "chat:1:1", **facts: Any) -> FinishedConversation:
    at = facts.pop("at", NOON)
    known: dict[str, Any] = {
        "source_key": key,
        "conversation_key": "ab" * 32,
        "channel": "chat",
        "started_at": at - timedelta(minutes=3),
        "finished_at": at,
        "calls": 4,
        "failed": 1,
        "turns": 3,
        "latencies_ms": [900, 3_200, 11_000],
        "waits_ms": [1_500, 1_500, 2_000],
        "cost": Decimal("0.04"),
        "price_version": "test",
        "errors": {"server_error": 1},
        "outcome": "failed",
    }
    return FinishedConversation(**(known | facts))


@pytest.mark.django_db
def test_record__a_conversation__has_a_row_and_is_in_both_sums() -> None:
    row = observations.record_observation(finished())

    assert row is not None
    assert (row.slow_3s, row.slow_5s, row.slow_10s) == (2, 1, 1)
    for rollup in (MetricRollup.objects.get(), HourRollup.objects.get()):
        assert (rollup.conversations, rollup.failed_conversations) == (1, 1)
        assert (rollup.calls, rollup.failed, rollup.turns) == (4, 1, 3)
        assert rollup.latency_counts == {"900": 1, "3250": 1, "11000": 1}
        assert (rollup.cost, rollup.priced) == (Decimal("0.04"), 1)
        assert rollup.errors == {"server_error": 1}


@pytest.mark.django_db
def test_record__twice__counts_once() -> None:
    observations.record_observation(finished())

    assert observations.record_observation(finished(calls=9, failed=9)) is None

    assert Observation.objects.get().calls == 4
    assert MetricRollup.objects.get().conversations == 1


@pytest.mark.django_db
def test_record__several_in_a_minute__add_up_key_by_key() -> None:
    observations.record_observation(finished("chat:1:1"))
    observations.record_observation(
        finished("chat:2:2", latencies_ms=[900, 1_000], errors={"timeout": 2})
    )

    rollup = MetricRollup.objects.get()
    assert rollup.latency_counts == {"900": 2, "1000": 1, "3250": 1, "11000": 1}
    assert rollup.errors == {"server_error": 1, "timeout": 2}


@pytest.mark.django_db
def test_record__synthetic__has_a_row_and_is_in_no_sum() -> None:
    row = observations.record_observation(finished(is_synthetic=True))

    assert row is not None
    assert row.is_synthetic
    assert not MetricRollup.objects.exists()
    assert not HourRollup.objects.exists()


@pytest.mark.django_db
def test_record__price_unknown__is_no_zero() -> None:
    observations.record_observation(finished("chat:1:1", cost=None))
    observations.record_observation(finished("chat:2:2", cost=Decimal("0.10")))

    found = figures.window(NOON - timedelta(hours=1), NOON + timedelta(hours=1))

    assert Observation.objects.get(source_key="chat:1:1").cost is None
    assert found.cost_per_conversation == Decimal("0.10")
    assert (found.priced, found.unpriced) == (1, 1)


@pytest.mark.django_db
def test_record__impossible_parts__are_refused_and_leave_nothing() -> None:
    with pytest.raises(IntegrityError, match="observation_parts_within_the_whole"):
        observations.record_observation(finished(calls=1, failed=2))

    assert not MetricRollup.objects.exists()


@pytest.mark.django_db
def test_record__ended_before_the_stage_changed__belongs_to_the_stage_it_ended_in() -> (
    None
):
    before = plan_cases.began(NOON - timedelta(days=3))
    with clock.use(plan_cases.Fake(NOON)):
        plan_cases.go("smoke")
    after = StageRun.objects.get(exited_at=None)

    early = observations.record_observation(
        finished("chat:1:1", at=NOON - timedelta(seconds=1))
    )
    late = observations.record_observation(finished("chat:2:2", at=NOON))

    assert early is not None
    assert early.run_id == before.pk
    assert late is not None
    assert late.run_id == after.pk


@pytest.mark.django_db
def test_satisfaction__pressed_twice__the_first_counts() -> None:
    row = observations.record_observation(finished())
    assert row is not None

    assert observations.record_satisfaction(row.pk, satisfied=True)
    assert not observations.record_satisfaction(row.pk, satisfied=False)

    row.refresh_from_db()
    assert row.satisfied is True
    rollup = MetricRollup.objects.get()
    assert (rollup.satisfied, rollup.dissatisfied) == (1, 0)
    assert rollup.conversations == 1


@pytest.mark.django_db
def test_purge__after_90_days__minutes_go_and_hours_and_rows_stay() -> None:
    class Later:
        def now(self) -> datetime:
            return NOON + timedelta(days=91)

    observations.record_observation(finished())

    with clock.use(Later()):
        assert observations.purge() == 1

    assert not MetricRollup.objects.exists()
    assert HourRollup.objects.exists()
    assert Observation.objects.exists()


def in_two_threads(work: Callable[[int], object]) -> list[object]:
    barrier, results = threading.Barrier(2), []

    def run(number: int) -> None:
        try:
            barrier.wait()
            results.append(work(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_record__by_two_at_once__once(committed_db: str) -> None:
    for number in range(10):
        key = f"chat:1:{number}"
        found = in_two_threads(
            lambda _, key=key: observations.record_observation(finished(key))
        )
        assert sum(each is not None for each in found) == 1

    assert MetricRollup.objects.get().conversations == 10


def test_add__by_two_at_once__loses_nothing(committed_db: str) -> None:
    def work(_: int) -> None:
        for _ in range(25):
            observations.add(NOON, "chat", {"calls": 1, "errors": {"x": 1}})

    in_two_threads(work)

    rollup = MetricRollup.objects.get()
    assert (rollup.calls, rollup.errors) == (50, {"x": 50})
