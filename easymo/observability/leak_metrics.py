"""Metrics of leaks and of scanned lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from easymo.observability import leaks
from easymo.observability.metrics import CounterMetricFamily, register, rows
from easymo.observability.tallies import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric

FOUND = Tally(
    name="leak_findings",
    table="observability_leakfinding",
    settled="at < now() - interval '2 minutes'",
    source="observability_leakfinding",
    labels=("level", "kind", "sink"),
    numbers=("sum(times)",),
)
SCANNED = "SELECT sink, sum(lines)::float8 FROM observability_scannedlines GROUP BY 1"


@register
def collect() -> Iterator[Metric]:
    """Collect the findings; a kind and sink without findings is reported as 0."""
    candidates = CounterMetricFamily(
        "pii_candidates",
        "Texts that looked like a person's, past the masking.",
        labels=["kind", "sink"],
    )
    confirmed = CounterMetricFamily(
        "pii_confirmed",
        "Numbers of people we know, past the masking: one is too many.",
        labels=["kind", "sink"],
    )
    found = FOUND.read()
    for sink in leaks.SINKS:
        for kind in ("msisdn", "email"):
            for level, family in (("candidate", candidates), ("confirmed", confirmed)):
                family.add_metric([kind, sink], found.get((level, kind, sink), (0,))[0])
    yield candidates
    yield confirmed
    scanned = CounterMetricFamily(
        "pii_lines_scanned", "Lines that were looked at.", labels=["sink"]
    )
    counted = {str(sink): float(str(number)) for sink, number in rows(SCANNED)}
    for sink in leaks.SINKS:
        scanned.add_metric([sink], counted.get(sink, 0.0))
    yield scanned
