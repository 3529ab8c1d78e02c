"""Everything on the operator's page, read once: for the page and for the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.core import clock
from rollout.dashboard.charts import Charts, charts
from rollout.dashboard.costs import Money, money
from rollout.dashboard.features import Row, matrix
from rollout.dashboard.guardrails import Guards, guards
from rollout.dashboard.incidents import Change, Trouble, changes, troubles
from rollout.dashboard.previous_workflow import Previous, previous
from rollout.dashboard.state import Standing, attention, standing
from rollout.dashboard.tasks import Duties, duties
from rollout.flags import selectors
from rollout.flags.acknowledgements import Propagation, propagation
from rollout.plan import resume_requirements
from rollout.stages import stages

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.plan.resume_requirements import Need
    from rollout.policy.gates import Gate


@dataclass(frozen=True, slots=True)
class Person:
    """Whose effective switches are shown; no subject: nobody we know."""

    subject: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Room:
    """The page's facts, plain values all through."""

    at: datetime
    standing: Standing
    attention: tuple[str, ...]
    gates: tuple[Gate, ...]
    # After a rollback: what it takes to go on.
    to_resume: tuple[Need, ...]
    guards: Guards
    features: tuple[Row, ...]
    propagation: Propagation
    incidents: tuple[Trouble, ...]
    duties: Duties
    money: Money
    previous_workflow: Previous
    changes: tuple[Change, ...]
    # None: not asked for, since they move by the minute only.
    charts: Charts | None

    @property
    def gates_met(self) -> int:
        return sum(gate.is_met for gate in self.gates)


def gather(
    person: Person | None = None, *, shown: str = "", drawn: bool = True
) -> Room:
    """Read it all: a fixed number of queries, whatever there is."""
    spread = propagation()
    watched = guards()
    found = troubles()
    rows = matrix(
        selectors.feature_states(),
        asked=person is not None,
        subject=person.subject if person else None,
    )
    return Room(
        at=clock.now(),
        standing=standing(rows, spread, found, watched),
        attention=tuple(attention(spread, found, watched)),
        gates=tuple(stages.gates_now()),
        to_resume=tuple(resume_requirements.now()),
        guards=watched,
        features=rows,
        propagation=spread,
        incidents=found,
        duties=duties(),
        money=money(),
        previous_workflow=previous(),
        changes=changes(),
        charts=charts(shown) if drawn else None,
    )
