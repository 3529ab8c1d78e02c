"""What /metrics tells of the rollout, from rows except for this process's own age."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from easymo.observability.metrics import (
    CounterMetricFamily,
    GaugeMetricFamily,
    register,
    rows,
)
from rollout.core.features import Feature
from rollout.flags.acknowledgements import propagation as read_propagation
from rollout.flags.selectors import feature_states
from rollout.models import FlagChange, Incident

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric
    from rollout.flags.selectors import FeatureState


@register
def features() -> Iterator[Metric]:
    enabled = GaugeMetricFamily(
        "rollout_flag_enabled",
        "1 when the feature is on for that audience.",
        labels=["flag", "audience"],
    )
    for state in feature_states():
        for audience, on in audiences(state).items():
            enabled.add_metric([state.name, audience], on)
    yield enabled
    changes = CounterMetricFamily(
        "rollout_flag_changes", "Changes of a feature.", labels=["flag", "source"]
    )
    query = """
        SELECT flag.name, change.source, count(*) FROM rollout_flagchange AS change
        JOIN rollout_agentflag AS flag ON flag.id = change.flag_id GROUP BY 1, 2
    """
    # What never happened is told as 0: else the first of its kind is no increase.
    counted: Counter[tuple[str, str]] = Counter(
        {
            (name.value, source): 0
            for name in Feature
            for source in FlagChange.Source.values
        }
    )
    for flag, source, number in rows(query):
        counted[str(flag), str(source)] += int(str(number))
    for labels, times in sorted(counted.items()):
        changes.add_metric(labels, times)
    yield changes


def audiences(state: FeatureState) -> dict[str, bool]:
    on = state.is_on and not state.forced_off
    limited = state.percent is not None or bool(state.cohorts)
    return {
        "everyone": on and not limited,
        "percent": on and state.percent is not None,
        "cohort": on and bool(state.cohorts),
    }


@register
def incidents() -> Iterator[Metric]:
    unresolved = GaugeMetricFamily(
        "rollout_incidents_open", "Incidents not yet resolved.", labels=["severity"]
    )
    open_now = list(
        Incident.objects.filter(resolved_at=None).values_list("severity", "commander")
    )
    found = Counter(severity for severity, _ in open_now)
    for severity in Incident.Severity.values:
        unresolved.add_metric([severity], found[severity])
    yield unresolved
    alone = GaugeMetricFamily(
        "rollout_incidents_unattended",
        "Incidents not yet resolved that nobody has taken command of.",
    )
    alone.add_metric([], sum(not leads for _, leads in open_now))
    yield alone


@register
def propagation() -> Iterator[Metric]:
    """Tell what the processes' rows say: every one that answers says the same."""
    spread = read_propagation()
    age = GaugeMetricFamily(
        "rollout_snapshot_age_seconds",
        "Since the most silent of the serving processes last confirmed its switches.",
    )
    age.add_metric([], max((each.quiet_s for each in spread.processes), default=0.0))
    yield age
    took = GaugeMetricFamily(
        "rollout_propagation_seconds",
        "How long the slowest process took to take the newest switches in.",
    )
    took.add_metric([], spread.slowest_ms / 1000)
    yield took
    processes = GaugeMetricFamily(
        "rollout_processes",
        "Serving processes by whether they know the newest switches and are heard of.",
        labels=["acked"],
    )
    well = spread.acknowledged
    processes.add_metric(["true"], well)
    processes.add_metric(["false"], len(spread.processes) - well)
    yield processes
