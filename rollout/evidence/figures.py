"""Figures of a period, for charts, pages and reports: read from the rollups.

A period is read as whole hours in the middle and minutes at its ends, in one query, so
that a month costs no more than a day.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection

from rollout.core import clock
from rollout.models.observation import COUNTS, NUMBERS
from rollout.policy import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MOST_ERRORS = 10
_NUMBERS = ", ".join(NUMBERS)
_SUMS = ", ".join(f"sum({name})" for name in NUMBERS)
_COUNTS = ", ".join(f"jsonb_agg({name})" for name in COUNTS)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one period. None means unknown, not zero."""

    seconds: float = 0.0
    conversations: int = 0
    failed_conversations: int = 0
    calls: int = 0
    failed: int = 0
    turns: int = 0
    slow_3s: int = 0
    slow_5s: int = 0
    slow_10s: int = 0
    # Of the conversations whose price is known, and how many these are.
    cost: Decimal = Decimal(0)
    priced: int = 0
    satisfied: int = 0
    dissatisfied: int = 0
    latency_counts: dict[str, int] = field(default_factory=dict)
    wait_counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def success(self) -> float | None:
        """The share of calls that did not fail for a technical reason."""
        return 1 - self.failed / self.calls if self.calls else None

    @property
    def latency_p50_ms(self) -> float | None:
        return statistics.histogram_percentile(self.latency_counts, 0.50)

    @property
    def latency_p95_ms(self) -> float | None:
        return statistics.histogram_percentile(self.latency_counts, 0.95)

    @property
    def wait_p95_ms(self) -> float | None:
        return statistics.histogram_percentile(self.wait_counts, 0.95)

    @property
    def unpriced(self) -> int:
        """The number of conversations without a known price."""
        return self.conversations - self.priced

    @property
    def cost_per_conversation(self) -> Decimal | None:
        return self.cost / self.priced if self.priced else None

    @property
    def satisfaction(self) -> float | None:
        answers = self.satisfied + self.dissatisfied
        return self.satisfied / answers if answers else None

    @property
    def requests_an_hour(self) -> float:
        return self.turns / self.seconds * 3600 if self.seconds else 0.0

    @property
    def top_errors(self) -> list[tuple[str, int]]:
        """The most frequent errors."""
        return Counter(self.errors).most_common(MOST_ERRORS)


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a chart."""

    at: datetime
    figures: Figures


def window(
    since: datetime, until: datetime | None = None, *, channel: str | None = None
) -> Figures:
    """Return the figures of a period, in one query."""
    until = until or clock.now()
    if until <= since:
        return Figures()
    found = _read(_parts(since, until), until - since, since, channel)
    seconds = (until - since).total_seconds()
    return found.get(0, Figures(seconds=seconds))


def series(
    since: datetime,
    until: datetime,
    step: timedelta,
    *,
    channel: str | None = None,
) -> list[Point]:
    """Return the figures step by step, with empty steps, in one query.

    The first step begins at the full minute of ``since``, or at its full hour when the
    step is a multiple of one hour.
    """
    by_hours = not step % HOUR
    since = _floor(since, HOUR if by_hours else MINUTE)
    if until <= since:
        return []
    parts = _parts(since, until) if by_hours else [("minute", since, until)]
    found = _read(parts, step, since, channel)
    steps = -(-(until - since) // step)
    empty = Figures(seconds=step.total_seconds())
    return [Point(since + n * step, found.get(n, empty)) for n in range(steps)]


def _parts(since: datetime, until: datetime) -> list[tuple[str, datetime, datetime]]:
    """Split a period into whole hours, and minutes at its ends."""
    first, last = (
        _floor(since + HOUR - timedelta(microseconds=1), HOUR),
        _floor(until, HOUR),
    )
    if first >= last:
        return [("minute", since, until)]
    parts = [("minute", since, first), ("hour", first, last), ("minute", last, until)]
    return [part for part in parts if part[1] < part[2]]


def _floor(at: datetime, step: timedelta) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % step


def _read(
    parts: Sequence[tuple[str, datetime, datetime]],
    step: timedelta,
    origin: datetime,
    channel: str | None,
) -> dict[int, Figures]:
    source, values = _source(parts, channel)
    bound = [origin, step.total_seconds(), *values]
    with connection.cursor() as cursor:
        # Names of our own tables and columns only; every value is bound.
        cursor.execute(
            "SELECT floor(extract(epoch FROM at - %s)::float8 / %s)::int AS place,"  # noqa: S608
            f" {_SUMS}, {_COUNTS} FROM ({source}) AS rows GROUP BY place",
            bound,
        )
        found = cursor.fetchall()
    return {place: _figures(rest, step.total_seconds()) for place, *rest in found}


def _figures(columns: Sequence[Any], seconds: float) -> Figures:
    facts: dict[str, Any] = dict(zip(NUMBERS, columns, strict=False))
    facts |= zip(COUNTS, map(_merged, columns[len(NUMBERS) :]), strict=True)
    return Figures(seconds=seconds, **facts)


def _merged(each: str | list[dict[str, int]]) -> dict[str, int]:
    """Add up counts key by key, which is cheaper here than in the database."""
    total: dict[str, int] = {}
    for counts in json.loads(each) if isinstance(each, str) else each:
        for key, number in counts.items():
            total[key] = total.get(key, 0) + number
    return total


def _source(
    parts: Sequence[tuple[str, datetime, datetime]], channel: str | None
) -> tuple[str, list[Any]]:
    """Return the SQL that reads these parts, and its parameters."""
    return " UNION ALL ".join(_selects(parts, channel)), [
        value
        for _, since, until in parts
        for value in (since, until, *([channel] if channel else []))
    ]


def _selects(
    parts: Sequence[tuple[str, datetime, datetime]], channel: str | None
) -> Iterator[str]:
    tables = {"minute": "rollout_metricrollup", "hour": "rollout_hourrollup"}
    for period, _, _ in parts:
        condition = f"{period} >= %s AND {period} < %s"
        if channel:
            condition += " AND channel = %s"
        # Names of our own tables and columns only.
        yield (
            f"SELECT {period} AS at, {_NUMBERS}, latency_counts, wait_counts, errors"  # noqa: S608
            f" FROM {tables[period]} WHERE {condition}"
        )
