"""How the rollout stands, for alerts: stage, gates, guardrails, who watches them."""

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
from rollout.evidence.verdicts import latest_verdicts
from rollout.flags.selectors import latest_check
from rollout.guardrails import evaluate
from rollout.models import CheckRun, DetectorState, Plan, RollbackEvent
from rollout.policy.gates import GateVerdict
from rollout.policy.stages import Stage, State
from rollout.policy.verdicts import Guardrail, Level
from rollout.stages import stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from easymo.observability.metrics import Metric
    from rollout.policy.verdicts import Verdict

PLAN = "default"
GATE = {GateVerdict.MET: 1.0, GateVerdict.WAIVED: 1.0, GateVerdict.NO_DATA: -1.0}
# Who or what began it; a person's name is nobody's business here.
ROLLBACKS = """
SELECT kind, coalesce(nullif(evidence->>'guardrail', ''), 'manual'),
    CASE WHEN actor = 'system' THEN 'system' ELSE 'person' END, count(*)
FROM rollout_rollbackevent GROUP BY 1, 2, 3
"""


@register
def plan() -> Iterator[Metric]:
    """Tell the stage, and the state with when it began."""
    found = Plan.objects.select_related("run").filter(pk=1).first()
    stage = GaugeMetricFamily(
        "rollout_stage",
        "0 infrastructure, 1 smoke, 2 beta, 3 production.",
        labels=["plan"],
    )
    state = GaugeMetricFamily(
        "rollout_state", "1 for the state that it is in.", labels=["plan", "state"]
    )
    since = GaugeMetricFamily(
        "rollout_state_since_timestamp_seconds",
        "When that state began.",
        labels=["plan"],
    )
    if found is not None:
        stage.add_metric([PLAN], Stage(found.run.stage).rank)
        for name in State:
            state.add_metric([PLAN, name.value], found.state == name)
        since.add_metric([PLAN], found.state_since.timestamp())
    yield stage
    yield state
    yield since


@register
def gates() -> Iterator[Metric]:
    """Tell each gate of the stage."""
    status = GaugeMetricFamily(
        "rollout_gate_status",
        "1 met or waived, 0 not met, -1 no data.",
        labels=["stage", "gate"],
    )
    found = Plan.objects.select_related("run").filter(pk=1).first()
    for gate in stages.gates_now(found) if found else ():
        value = GATE.get(gate.verdict, 0.0)
        status.add_metric([found.run.stage if found else "", gate.name.value], value)
    yield status


@register
def judgement() -> Iterator[Metric]:
    """Tell what the guardrails said last, and when; nothing when nobody ever looked."""
    newest = latest_verdicts()
    ticked = GaugeMetricFamily(
        "rollout_evaluator_last_tick_timestamp_seconds",
        "When somebody last judged; missing: never.",
    )
    if newest.at is not None:
        ticked.add_metric([], newest.at.timestamp())
    yield ticked
    yield from _verdicts(newest.verdicts)
    expected = GaugeMetricFamily(
        "rollout_expected_spend_usd_per_hour", "What is planned to be spent an hour."
    )
    planned = evaluate.policy_in_force().expected.values()
    expected.add_metric([], sum(each.spend_an_hour for each in planned))
    yield expected


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[Metric]:
    value = GaugeMetricFamily(
        "rollout_guardrail_value",
        "Bad share, multiple of what is expected, or count.",
        labels=["guardrail", "channel"],
    )
    missing = GaugeMetricFamily(
        "rollout_guardrail_no_data",
        "1 while nobody can say how it is.",
        labels=["guardrail"],
    )
    for verdict in verdicts:
        if verdict.level != Level.NO_DATA:
            value.add_metric([verdict.guardrail.value, verdict.channel], verdict.value)
    for guardrail in Guardrail:
        about = [each for each in verdicts if each.guardrail == guardrail]
        known = any(each.level != Level.NO_DATA for each in about)
        missing.add_metric([guardrail.value], not known)
    yield value
    yield missing


@register
def evidence() -> Iterator[Metric]:
    """Tell how far each detector of this stay has come: 1 fires."""
    ratio = GaugeMetricFamily(
        "rollout_guardrail_evidence_ratio",
        "Evidence against a guardrail (ln E / ln c): at 1 it fires.",
        labels=["guardrail", "channel", "level"],
    )
    for row in DetectorState.objects.filter(run__exited_at=None):
        labels = [row.guardrail, row.channel, row.level]
        ratio.add_metric(labels, _ratio(row.state, row.log_threshold))
    yield ratio


def _ratio(held: Sequence[float | None], log_threshold: float) -> float:
    known = [each for each in held if each is not None]
    top = max(known, default=-inf)
    if top == -inf or log_threshold <= 0:
        return 0.0
    total = sum(exp(each - top) for each in known)
    return max(0.0, (top + log(total / len(held))) / log_threshold)


@register
def rollbacks() -> Iterator[Metric]:
    """Count rollbacks by what began them; a kind that never happened is told as 0."""
    family = CounterMetricFamily(
        "rollout_rollbacks",
        "Rollbacks, and ends of full ones.",
        labels=["kind", "trigger", "actor"],
    )
    counted: Counter[tuple[str, str, str]] = Counter(
        {(kind, "manual", "person"): 0 for kind in RollbackEvent.Kind.values}
    )
    for kind, trigger, actor, number in rows(ROLLBACKS):
        counted[str(kind), str(trigger), str(actor)] += int(str(number))
    for labels, number in sorted(counted.items()):
        family.add_metric(labels, number)
    yield family


@register
def probes() -> Iterator[Metric]:
    """Tell how each case of the newest probe went."""
    family = GaugeMetricFamily(
        "rollout_probe_success", "1 when the newest probe passed.", labels=["case"]
    )
    newest = latest_check(CheckRun.Kind.PROBE)
    for each in newest.results if newest else ():
        if each.get("status") in {"ok", "failed"}:
            family.add_metric([str(each.get("name"))], each["status"] == "ok")
    yield family
