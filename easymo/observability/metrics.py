"""Prometheus metrics, computed from rows on request.

No process keeps counters, so every web process gives the same answer. Apps register
collectors. Each has a short time limit, and a failing one does not affect the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from prometheus_client import generate_latest
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from easymo.observability import leaks
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "CounterMetricFamily",
    "GaugeMetricFamily",
    "HistogramMetricFamily",
    "Metric",
    "histogram",
    "register",
    "render",
    "rows",
    "time_left",
]

logger = get_logger(__name__)

Collect = Callable[[], Iterable[Metric]]


class SumsIncomplete(Exception):
    """Too many rows are not summed yet for one scrape. This ends by itself: each scrape
    and each minute of the worker sums a part.
    """

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


LONGEST_MS = 2_000
# What a scrape spends in all on rows that are not in the stored sums yet.
FOLDING_S = 1.0
_folds_until: ContextVar[float | None] = ContextVar("folds_until", default=None)
_collectors: dict[str, Collect] = {}


def register(collect: Collect) -> Collect:
    """Register a collector; a second registration has no effect."""
    _collectors[f"{collect.__module__}.{collect.__qualname__}"] = collect
    return collect


def rows(query: str, parameters: Sequence[int | str] = ()) -> list[tuple[object, ...]]:
    """Read rows within the time limit of a scrape."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_MS:d}")
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def time_left() -> float:
    """Return the seconds that this scrape may still spend on storing sums."""
    until = _folds_until.get()
    return FOLDING_S if until is None else max(0.0, until - time.monotonic())


def histogram(
    family: HistogramMetricFamily,
    labels: Sequence[str],
    bounds: Sequence[float],
    counts: Sequence[int],
    total: float,
) -> None:
    """Add counts per bucket (one more than bounds) to a family, made cumulative."""
    buckets, running = [], 0
    names = [*(str(bound) for bound in bounds), "+Inf"]
    for name, count in zip(names, counts, strict=True):
        running += count
        buckets.append((name, float(running)))
    family.add_metric(labels, buckets, total)


def collectors() -> dict[str, Collect]:
    """Return all collectors by name; the first call imports them."""
    for module in settings.METRIC_MODULES:
        import_module(module)
    return _collectors


def render() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_All())
    token = _folds_until.set(time.monotonic() + FOLDING_S)
    try:
        text = generate_latest(registry).decode()
    finally:
        _folds_until.reset(token)
    return "".join(map(_guarded, text.splitlines(keepends=True))).encode()


def _guarded(line: str) -> str:
    """Check the labels of a line for leaks; its value may have any digits."""
    name, brace, rest = line.partition("{")
    if not brace or line.startswith("#"):
        return line
    labels, end, figure = rest.rpartition("} ")
    return f"{name}{brace}{leaks.guard(labels, leaks.METRIC)}{end}{figure}"


class _All(Collector):
    def collect(self) -> Iterator[Metric]:
        failed = GaugeMetricFamily(
            "easymo_collector_failed",
            "1 when a collector could not be read: its figures are missing, not zero.",
            labels=["collector"],
        )
        behind: dict[str, int] = {}
        for name, collect in sorted(collectors().items()):
            try:
                figures = list(collect())
            except SumsIncomplete as error:
                behind[name] = error.left
                failed.add_metric([name], 1)
                continue
            except Exception:
                logger.exception("metrics.collector.failed", collector=name)
                failed.add_metric([name], 1)
                continue
            yield from figures
            failed.add_metric([name], 0)
        if behind:
            # After an upgrade, or rows that came by the million: no failure.
            logger.warning(
                "metrics.catching_up", collectors=sorted(behind), rows_left=behind
            )
        yield failed
