from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rollout.evidence import figures, observations

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 10, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def add(at: datetime, channel: str = "chat", **numbers: Any) -> None:
    observations.add(
        at, channel, {"conversations": 1, "calls": 2, "turns": 2} | numbers
    )


def test_window__nothing_there__is_unknown_and_not_zero() -> None:
    found = figures.window(START, START + HOUR)

    assert found.conversations == 0
    assert found.success is None
    assert found.latency_p95_ms is None
    assert found.cost_per_conversation is None
    assert found.satisfaction is None


def test_window__hours_and_minutes_at_both_ends__counts_each_once() -> None:
    inside = [
        START + 2 * HOUR * n + offset
        for n in range(12)
        for offset in (0 * HOUR, 39 * MINUTE, 40 * MINUTE, 59 * MINUTE)
    ]
    for at in inside:
        add(at, calls=1)
    until = START + 24 * HOUR
    for at in (START - MINUTE, until, until + MINUTE):
        add(at, calls=100)

    found = figures.window(START, until)

    assert found.calls == len(inside)
    assert found.requests_an_hour == pytest.approx(2 * len(inside) / 24)


def test_window__one_channel__leaves_the_other_out() -> None:
    add(START, failed=1)
    add(START, "voice", failed=2)

    assert figures.window(START, START + HOUR).failed == 3
    assert figures.window(START, START + HOUR, channel="voice").success == 0.0
    assert figures.window(START, START + HOUR, channel="chat").success == 0.5


def test_window__figures__are_those_of_the_sums() -> None:
    add(START, cost=Decimal("0.30"), priced=1, latency_counts={"900": 19, "5000": 1})
    add(START + MINUTE, satisfied=3, dissatisfied=1, errors={"a": 1, "b": 5})
    add(START + 2 * MINUTE, cost=Decimal("0.10"), priced=1, errors={"a": 1})

    found = figures.window(START, START + HOUR)

    assert found.cost == Decimal("0.40")
    assert found.cost_per_conversation == Decimal("0.20")
    assert found.unpriced == 1
    assert found.latency_p95_ms == 900
    assert found.satisfaction == 0.75
    assert found.top_errors == [("b", 5), ("a", 2)]


def test_series__empty_steps__are_there() -> None:
    add(START)
    add(START + 31 * MINUTE)

    found = figures.series(START, START + HOUR, 15 * MINUTE)

    assert [point.figures.conversations for point in found] == [1, 0, 1, 0]
    assert found[1].at == START + 15 * MINUTE
    assert found[1].figures.success is None


def test_series__by_the_day__begins_at_a_whole_hour() -> None:
    for n in range(48):
        add(START + n * HOUR)

    found = figures.series(START, START + 48 * HOUR, 24 * HOUR)

    assert found[0].at == START.replace(minute=0)
    assert [point.figures.conversations for point in found] == [24, 24, 0]


@pytest.mark.parametrize("days", [1, 30])
def test_figures__however_long__take_one_query(days: int) -> None:
    add(START)

    with CaptureQueriesContext(
        connection,
    ) as window:
        figures.window(START, START + timedelta(days=days))
    with CaptureQueriesContext(connection) as series:
        figures.series(START, START + timedelta(days=days), HOUR)

    assert len(window) == len(series) == 1
