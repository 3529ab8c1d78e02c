"""The metrics of phone calls, computed from rows, without personal data in labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.observability.metrics import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    histogram,
    register,
    rows,
)
from easymo.observability.tallies import Tally, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from easymo.observability.tallies import Key, Numbers

ACCEPT_SECONDS = (0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5)
LENGTH_SECONDS = (10, 30, 60, 120, 300, 600, 900)
# From the stored webhook to the accepted call, without the provider's part.
_ACCEPT = "(c.accept_ms - c.accept_provider_ms) / 1000.0"
_LENGTH = "extract(epoch FROM c.ended_at - c.accepted_at)"


def _bucket(value: str, bounds: tuple[float, ...]) -> str:
    return f"width_bucket(({value})::float8, ARRAY{list(bounds)}::float8[])"


RESULT, REASON, SYNTHETIC, MODEL, ACCEPT, LENGTH = range(6)
NUMBERS = {
    "calls": "count(*)",
    "cost": "sum(c.cost)",
    # Accepted, and not completely priced: the cost is unknown, not zero.
    "unpriced": "count(*) FILTER (WHERE c.attached_at IS NOT NULL AND c.cost IS NULL)",
    "accept": f"sum({_ACCEPT})",
    "length": f"sum({_LENGTH})",
}
CALLS = Tally(
    name="calls",
    table="agents_call",
    # What has not ended within a day never does.
    settled="coalesce(ended_at, received_at + interval '1 day')"
    " < now() - interval '2 minutes'",
    source="agents_call c",
    key="c.id",
    condition="c.ended_at IS NOT NULL",
    labels=(
        *("c.state", "c.reason", "c.is_synthetic", "c.model"),
        _bucket(_ACCEPT, ACCEPT_SECONDS),
        _bucket(_LENGTH, LENGTH_SECONDS),
    ),
    numbers=tuple(NUMBERS.values()),
)
NOW = """
SELECT state, count(*) FROM agents_call
WHERE state NOT IN ('rejected', 'ended') GROUP BY 1
"""
STATES = ("ringing", "accepting", "rejecting", "accepted", "attached")


def _running() -> Iterator[Metric]:
    family = GaugeMetricFamily("agent_calls", "Open calls now.", labels=["state"])
    found = {str(state): float(str(number)) for state, number in rows(NOW)}
    for state in STATES:
        family.add_metric([state], found.get(state, 0.0))
    yield family


def _finished() -> Iterator[Metric]:
    found = CALLS.read()
    yield _counter(
        "agent_calls_finished",
        "Calls that were rejected or ended, by reason.",
        ["result", "reason", "synthetic"],
        _sums(found, "calls", RESULT, REASON, SYNTHETIC),
    )
    real = {key: numbers for key, numbers in found.items() if key[SYNTHETIC] != "true"}
    yield _counter(
        "agent_call_cost_usd",
        "Cost of real calls, where it is completely known.",
        ["model"],
        _sums(real, "cost", MODEL),
    )
    yield _counter(
        "agent_call_price_unknown",
        "Real calls whose cost is not completely known; it is not zero.",
        ["model"],
        _sums(real, "unpriced", MODEL),
    )
    yield _histogram(
        "agent_call_accept_seconds",
        "From the stored webhook to the accepted call, without the provider's part.",
        ACCEPT_SECONDS,
        _sums(real, "calls", ACCEPT),
        sum(_sums(real, "accept", RESULT).values()),
    )
    yield _histogram(
        "agent_call_duration_seconds",
        "From the accepted call to its end.",
        LENGTH_SECONDS,
        _sums(real, "calls", LENGTH),
        sum(_sums(real, "length", RESULT).values()),
    )


def _sums(found: Mapping[Key, Numbers], number: str, *by: int) -> dict[Key, float]:
    return total(found, by=by, number=list(NUMBERS).index(number))


def _counter(
    name: str, sentence: str, labels: list[str], sums: Mapping[Key, float]
) -> Metric:
    family = CounterMetricFamily(name, sentence, labels=labels)
    for key, number in sorted(sums.items()):
        # A rejected call has no model.
        if number or labels != ["model"]:
            family.add_metric(key, number)
    return family


def _histogram(
    name: str,
    sentence: str,
    bounds: tuple[float, ...],
    counted: Mapping[Key, float],
    seconds: float,
) -> Metric:
    """Return a histogram; calls that were not accepted are in no bucket."""
    counts = [0] * (len(bounds) + 1)
    for (bucket,), number in counted.items():
        if bucket:
            counts[int(bucket)] += int(number)
    family = HistogramMetricFamily(name, sentence, labels=[])
    histogram(family, [], bounds, counts, seconds)
    return family


for _collect in (_running, _finished):
    register(_collect)
