"""How the previous workflow takes what is sent on to it, for alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.observability.metrics import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    register,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE = (
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8"
    " FROM agents_forwardeditem WHERE state = 'queued'"
)
SENDERS = "SELECT count(*) FROM agents_forwardlane WHERE attempts > 0"
TARGET = (
    "SELECT loops, (coalesce(held_until, now()) > now())::int, error_code,"
    " coalesce(extract(epoch FROM failed_at), 0)::float8 FROM agents_forwardtarget"
)


def forwarding() -> Iterator[Metric]:
    """Yield the queue's length and age, who fails, and what went wrong last."""
    ((waiting, age),) = rows(QUEUE)
    ((failing,),) = rows(SENDERS)
    loops, held, error, failed_at = next(iter(rows(TARGET)), (0, 0, "", 0))
    yield _gauge("waiting", "Items that wait for the previous workflow.", waiting)
    yield _gauge("oldest_seconds", "How long the oldest of them waits.", age)
    yield _gauge("failing_senders", "Senders whose last try failed.", failing)
    yield _gauge("held", "1 while nothing is sent because all of it failed.", held)
    last = GaugeMetricFamily(
        "agent_forward_last_error_timestamp_seconds",
        "When a try failed last, and how; 0: never.",
        labels=["error"],
    )
    last.add_metric([str(error)], float(str(failed_at)))
    yield last
    yield CounterMetricFamily(
        "agent_forward_loops",
        "Bodies of ours that came back to us.",
        value=float(str(loops)),
    )


def _gauge(name: str, sentence: str, value: object) -> Metric:
    return GaugeMetricFamily(f"agent_forward_{name}", sentence, value=float(str(value)))


def register_all() -> None:
    """Tell the registry of these figures."""
    register(forwarding)
