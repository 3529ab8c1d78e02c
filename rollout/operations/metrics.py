"""Prometheus metrics of the rollout, read from rows: every web process answers alike."""

from __future__ import annotations

from collections import Counter
from math import exp, inf, log
from typing import TYPE_CHECKING

from easymo.observability.metrics import (
    CounterMetricFamily,
    GaugeMetricFamily,
    register,
    rows,
)
from rollout.core.features import Feature
from rollout.evidence.verdicts import latest_verdicts
from rollout.flags.acknowledgements import propagation as read_propagation
from rollout.flags.selectors import feature_states, latest_check
from rollout.guardrails import evaluate
from rollout.models import (
    CheckRun,
    DetectorState,
    FlagChange,
    Incident,
    Plan,
    RollbackEvent,
)
from rollout.policy.gate_figures import GateVerdict
from rollout.policy.stages import Stage, State
from rollout.policy.verdicts import Guardrail, Level
from rollout.stages import stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from easymo.observability.metrics import Metric
    from rollout.flags.selectors import FeatureState

    type Labels = Sequence[str]

PLAN = "default"
GATE_VALUES = {GateVerdict.MET: 1.0, GateVerdict.WAIVED: 1.0, GateVerdict.NO_DATA: -1.0}
CHANGES = """
SELECT flag.name, change.source, count(*) FROM rollout_flagchange AS change
JOIN rollout_agentflag AS flag ON flag.id = change.flag_id GROUP BY 1, 2
"""
# The label tells people from the system; it must not name a person.
ROLLBACKS = """
SELECT kind, coalesce(nullif(evidence->>'guardrail', ''), 'manual'),
    CASE WHEN actor = 'system' THEN 'system' ELSE 'person' END, count(*)
FROM rollout_rollbackevent GROUP BY 1, 2, 3
"""


def _gauge(
    name: str, text: str, labels: Labels, values: Iterable[tuple[Labels, float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _counter(
    name: str, text: str, labels: Labels, query: str, zeros: Iterable[tuple[str, ...]]
) -> Metric:
    """Count rows; `zeros` start at 0, so that their first row is an increase."""
    counts = Counter(dict.fromkeys(zeros, 0))
    for *key, number in rows(query):
        counts[tuple(map(str, key))] += int(str(number))
    family = CounterMetricFamily(name, text, labels=labels)
    for labels_of_row, number in sorted(counts.items()):
        family.add_metric(labels_of_row, number)
    return family


@register
def features() -> Iterator[Metric]:
    yield _gauge(
        "rollout_flag_enabled",
        "1 when the feature is on for that audience.",
        ["flag", "audience"],
        (
            ([state.name, audience], is_on)
            for state in feature_states()
            for audience, is_on in audiences(state).items()
        ),
    )
    yield _counter(
        "rollout_flag_changes",
        "Changes of a feature.",
        ["flag", "source"],
        CHANGES,
        (
            (name.value, source)
            for name in Feature
            for source in FlagChange.Source.values
        ),
    )


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
    unresolved = Incident.objects.filter(resolved_at=None)
    found = list(unresolved.values_list("severity", "commander"))
    counts = Counter(severity for severity, _ in found)
    yield _gauge(
        "rollout_incidents_open",
        "Incidents not yet resolved.",
        ["severity"],
        (([severity], counts[severity]) for severity in Incident.Severity.values),
    )
    yield GaugeMetricFamily(
        "rollout_incidents_unattended",
        "Unresolved incidents without a commander.",
        value=sum(not commander for _, commander in found),
    )


@register
def propagation() -> Iterator[Metric]:
    spread = read_propagation()
    yield GaugeMetricFamily(
        "rollout_snapshot_age_seconds",
        "Time since the most silent serving process confirmed its snapshot.",
        value=max((each.quiet_s for each in spread.processes), default=0.0),
    )
    yield GaugeMetricFamily(
        "rollout_propagation_seconds",
        "Time until the slowest process acknowledged the newest change.",
        value=spread.slowest_ms / 1000,
    )
    missing = len(spread.processes) - spread.acknowledged
    yield _gauge(
        "rollout_processes",
        "Serving processes that acknowledged the newest change and are not silent.",
        ["acked"],
        ((["true"], spread.acknowledged), (["false"], missing)),
    )


@register
def plan() -> Iterator[Metric]:
    plan = Plan.objects.select_related("run").filter(pk=1).first()
    found = [plan] if plan else []
    yield _gauge(
        "rollout_stage",
        "0 infrastructure, 1 smoke, 2 beta, 3 production.",
        ["plan"],
        (([PLAN], Stage(each.run.stage).rank) for each in found),
    )
    yield _gauge(
        "rollout_state",
        "1 for the current state.",
        ["plan", "state"],
        (([PLAN, name.value], each.state == name) for each in found for name in State),
    )
    yield _gauge(
        "rollout_state_since_timestamp_seconds",
        "When the current state began.",
        ["plan"],
        (([PLAN], each.state_since.timestamp()) for each in found),
    )
    yield _gauge(
        "rollout_gate_status",
        "1 met or waived, 0 not met, -1 no data.",
        ["stage", "gate"],
        (
            ([each.run.stage, gate.name.value], GATE_VALUES.get(gate.verdict, 0.0))
            for each in found
            for gate in stages.gates_now(each)
        ),
    )


@register
def guardrails() -> Iterator[Metric]:
    newest = latest_verdicts()
    at = newest.at
    yield _gauge(
        "rollout_evaluator_last_tick_timestamp_seconds",
        "Time of the last evaluation; missing: there was none.",
        [],
        [([], at.timestamp())] if at is not None else [],
    )
    known = [each for each in newest.verdicts if each.level != Level.NO_DATA]
    yield _gauge(
        "rollout_guardrail_value",
        "Bad share, multiple of what is expected, or count.",
        ["guardrail", "channel"],
        (([each.guardrail.value, each.channel], each.value) for each in known),
    )
    with_data = {each.guardrail for each in known}
    yield _gauge(
        "rollout_guardrail_no_data",
        "1 when the guardrail has no data.",
        ["guardrail"],
        (([each.value], each not in with_data) for each in Guardrail),
    )
    planned = evaluate.policy_in_force().expected.values()
    yield GaugeMetricFamily(
        "rollout_expected_spend_usd_per_hour",
        "Planned spending per hour.",
        value=sum(each.spend_an_hour for each in planned),
    )
    yield _gauge(
        "rollout_guardrail_evidence_ratio",
        "Evidence against a guardrail (ln E / ln c): at 1 it fires.",
        ["guardrail", "channel", "level"],
        (
            ([row.guardrail, row.channel, row.level], _ratio(row))
            for row in DetectorState.objects.filter(run__exited_at=None)
        ),
    )


def _ratio(row: DetectorState) -> float:
    known = [each for each in row.state if each is not None]
    top = max(known, default=-inf)
    if top == -inf or row.log_threshold <= 0:
        return 0.0
    total = sum(exp(each - top) for each in known)
    return max(0.0, (top + log(total / len(row.state))) / row.log_threshold)


@register
def rollbacks() -> Iterator[Metric]:
    yield _counter(
        "rollout_rollbacks",
        "Rollbacks, and ends of full ones.",
        ["kind", "trigger", "actor"],
        ROLLBACKS,
        ((kind, "manual", "person") for kind in RollbackEvent.Kind.values),
    )


@register
def probes() -> Iterator[Metric]:
    newest = latest_check(CheckRun.Kind.PROBE)
    yield _gauge(
        "rollout_probe_success",
        "1 when the newest probe passed.",
        ["case"],
        (
            ([str(each.get("name"))], each["status"] == "ok")
            for each in (newest.results if newest else ())
            if each.get("status") in {"ok", "failed"}
        ),
    )
