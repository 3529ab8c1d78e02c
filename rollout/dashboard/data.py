"""All data of the dashboard, read once: the page and the API show the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.core import clock
from rollout.dashboard.charts import Charts, read_charts
from rollout.dashboard.external import (
    PreviousWorkflowState,
    Spending,
    previous_workflow_state,
    spending_today,
)
from rollout.dashboard.features import FeatureRow, LookedUpPerson, feature_rows
from rollout.dashboard.guardrails import GuardrailCards, guardrail_cards
from rollout.dashboard.incidents import (
    ExposureChange,
    OpenIncident,
    latest_changes,
    open_incidents,
)
from rollout.dashboard.state import RolloutState, attention, rollout_state
from rollout.dashboard.tasks import Tasks, read_tasks
from rollout.flags import selectors
from rollout.flags.acknowledgements import Propagation, propagation
from rollout.plan import resume_requirements
from rollout.stages import stages

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.plan.resume_requirements import ResumeRequirement
    from rollout.policy.gates import Gate


@dataclass(frozen=True, slots=True)
class DashboardData:
    """Plain values. The field names are the keys of the status API."""

    at: datetime
    standing: RolloutState
    attention: tuple[str, ...]
    gates: tuple[Gate, ...]
    # Only after a rollback.
    to_resume: tuple[ResumeRequirement, ...]
    guards: GuardrailCards
    features: tuple[FeatureRow, ...]
    propagation: Propagation
    incidents: tuple[OpenIncident, ...]
    duties: Tasks
    money: Spending
    previous_workflow: PreviousWorkflowState
    changes: tuple[ExposureChange, ...]
    # None when the caller did not ask for charts.
    charts: Charts | None

    @property
    def can_advance(self) -> bool:
        """Tell whether every gate is met; the last stage has none."""
        return bool(self.gates) and self.gates_met == len(self.gates)

    @property
    def can_resume(self) -> bool:
        return all(need.met for need in self.to_resume)

    @property
    def gates_met(self) -> int:
        return sum(gate.is_met for gate in self.gates)


def read_dashboard(
    person: LookedUpPerson | None = None,
    *,
    chart_range: str = "",
    with_charts: bool = True,
) -> DashboardData:
    """Read everything; the number of queries does not depend on the rows."""
    spread, cards, incidents = propagation(), guardrail_cards(), open_incidents()
    features = feature_rows(selectors.feature_states(), person)
    return DashboardData(
        at=clock.now(),
        standing=rollout_state(features, spread, incidents, cards),
        attention=tuple(attention(spread, incidents, cards)),
        gates=tuple(stages.gates_now()),
        to_resume=tuple(resume_requirements.current_requirements()),
        guards=cards,
        features=features,
        propagation=spread,
        incidents=incidents,
        duties=read_tasks(),
        money=spending_today(),
        previous_workflow=previous_workflow_state(),
        changes=latest_changes(),
        charts=read_charts(chart_range) if with_charts else None,
    )
