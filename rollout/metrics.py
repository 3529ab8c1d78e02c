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
from rollout import snapshot
from rollout.models import Incident
from rollout.selectors import feature_states

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easymo.observability.metrics import Metric
    from rollout.selectors import FeatureState

PROCESSES = """
SELECT count(*) FILTER (WHERE version_seen >= epoch.version),
       count(*) FILTER (WHERE version_seen < epoch.version)
FROM rollout_servingprocess, rollout_epoch AS epoch
WHERE seen_at > now() - interval '30 seconds'
"""


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
    for name, source, number in rows(query):
        changes.add_metric([str(name), str(source)], float(str(number)))
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
    found = Counter(
        Incident.objects.filter(resolved_at__isnull=True).values_list(
            "severity", flat=True
        )
    )
    for severity in Incident.Severity.values:
        unresolved.add_metric([severity], found[severity])
    yield unresolved


@register
def propagation() -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "rollout_snapshot_age_seconds",
        "Since the switches of the answering process were last confirmed.",
    )
    # Nobody has asked a switch here yet: there is nothing that could be old.
    age.add_metric([], snapshot.age() or 0.0)
    yield age
    processes = GaugeMetricFamily(
        "rollout_processes",
        "Serving processes by whether they know the newest switches.",
        labels=["acked"],
    )
    ((acknowledged, behind),) = rows(PROCESSES)
    processes.add_metric(["true"], float(str(acknowledged)))
    processes.add_metric(["false"], float(str(behind)))
    yield processes
