"""Output of the plan, its gates, and what requires attention."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from rollout.core import clock
from rollout.core.formatting import duration
from rollout.flags.selectors import feature_states
from rollout.models import GateResult
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.gates import unmet
from rollout.policy.stages import Stage, State, terms_of
from rollout.stages import plan_state, stages, waivers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rollout.flags.selectors import FeatureState
    from rollout.models import Plan
    from rollout.policy.gates import Gate


def status(*, is_json: bool) -> str:
    """Return the current plan as text or JSON."""
    plan = plans.current()
    gates = stages.gates_now(plan)
    if is_json:
        return json.dumps(as_json(plan, gates), indent=2)
    return "\n".join(as_lines(plan, gates))


def as_lines(plan: Plan, gates: list[Gate]) -> Iterator[str]:
    """Return the plan, every gate with value and need, and all warnings."""
    run, now = plan.run, clock.now()
    yield f"stage   {run.stage}, {duration(now - run.entered_at)}, since {_at(run.entered_at)}"
    yield f"        by {run.entered_by}: {run.reason}"
    yield f"state   {plans.state_text(plan)} since {_at(plan.state_since)}: {plan.state_reason}"
    yield f"serves  {terms_of(run.stage).audience}"
    following = Stage(run.stage).following
    if following is None:
        yield "gates   none: this is the last stage"
    else:
        missing = len(unmet(gates))
        how = f"{missing} of {len(gates)} not met" if missing else "all met"
        yield f"gates   to {following}: {how}"
    for gate in gates:
        yield gate_line(gate)
    if plan.state == State.RECOVERY:
        yield f"{plan_state.recovery_of(plan).words}."
    if needs := resume_requirements.current_requirements():
        yield "To go on (`rollout resume`):"
        for need in needs:
            yield f"  {'met' if need.met else 'not met':<8} {need.sentence}"
    yield from warning_lines(plan)


def gate_line(gate: Gate) -> str:
    mark = GateResult.Verdict(gate.verdict).label
    return f"  {mark:<8} {gate.name:<12} {gate.sentence}"


def warning_lines(plan: Plan) -> Iterator[str]:
    """Return open waiver requests, overrides, and features on against the plan."""
    for waiver in waivers.waiting_waivers(plan):
        yield (
            f"{waiver.asked_by} asks for {waivers.waiver_text(waiver)}: {waiver.reason};"
            f" `rollout approve {waiver.pk}` by another person."
        )
    for override in waivers.active_overrides():
        yield (
            f"{override.by} holds automatic rollbacks back until"
            f" {_at(override.expires_at)}: {override.reason}"
        )
    for warning in stages.exposure_warnings():
        yield f"Warning: {warning}"


def as_json(plan: Plan, gates: list[Gate]) -> dict[str, Any]:
    run = plan.run
    following = Stage(run.stage).following
    recovering = plan.state == State.RECOVERY
    return {
        "stage": run.stage,
        "next": following and following.value,
        "entered_at": run.entered_at.isoformat(),
        "entered_by": run.entered_by,
        "reason": run.reason,
        "state": plan.state,
        "state_since": plan.state_since.isoformat(),
        "state_reason": plan.state_reason,
        "serves": terms_of(run.stage).audience,
        "may_advance": following is not None and not unmet(gates),
        "gates": [gate_json(gate) for gate in gates],
        "recovery": plan_state.recovery_of(plan).words if recovering else None,
        "to_resume": [
            {"name": need.name, "met": need.met, "value": need.value}
            for need in resume_requirements.current_requirements()
        ],
        "features": [feature_json(state) for state in feature_states()],
        "warnings": stages.exposure_warnings(),
        "overrides": [
            {
                "id": each.pk,
                "by": each.by,
                "reason": each.reason,
                "expires_at": each.expires_at.isoformat(),
            }
            for each in waivers.active_overrides()
        ],
        "waivers_waiting": [
            {"id": each.pk, "gate": each.gate, "by": each.asked_by}
            for each in waivers.waiting_waivers(plan)
        ],
    }


def feature_json(state: FeatureState) -> dict[str, Any]:
    return {
        "name": state.name,
        "on": state.is_on,
        "percent": state.percent and float(state.percent),
        "cohorts": list(state.cohorts),
        "forced_off": state.forced_off,
    }


def gate_json(gate: Gate) -> dict[str, Any]:
    return {
        "name": gate.name.value,
        "title": gate.title,
        "verdict": gate.verdict.value,
        "met": gate.is_met,
        "value": gate.value,
        "need": gate.need,
        "forecast": gate.forecast or None,
    }


def _at(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")
