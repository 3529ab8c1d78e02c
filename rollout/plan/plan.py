"""Change the plan: its row, its stage run, its audit row and the notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from easymo.sentences import label
from rollout.core import clock
from rollout.models import Plan, PlanChange, StageRun
from rollout.notices import notices
from rollout.policy.stages import Stage, StageTerms, State, terms_of

if TYPE_CHECKING:
    from rollout.core.change_reason import ChangeReason
    from rollout.models import RollbackEvent

Kind = PlanChange.Kind
LONGEST = 500
# In these states the resume requirements apply.
DOWN = frozenset({State.ROLLED_BACK, State.FROZEN})


@dataclass(frozen=True, slots=True)
class PlanMove:
    """The target of a change. `stage` begins a new stage run, also in the same stage."""

    kind: Kind
    state: State
    why: str
    stage: Stage | None = None
    rollback: RollbackEvent | None = None
    with_notice: bool = True
    # The newest rollback that this change responds to.
    answered: int = 0


def terms(plan: Plan) -> StageTerms:
    return terms_of(plan.run.stage)


def state_text(plan: Plan) -> str:
    return label(str(plan.state).replace("_", " "))


def current() -> Plan:
    """Return the plan with its stage run, not locked."""
    return Plan.objects.select_related("run", "rollback").get(pk=1)


def is_restoring() -> bool:
    """Tell whether what is turned on now would come back after a rollback."""
    return current().state in {*DOWN, State.RECOVERY}


def state_of(plan: Plan) -> dict[str, Any]:
    """Return the state as the database compares it with the audit row."""
    return {"stage": plan.run.stage, "state": plan.state, "run": plan.run_id}


def move_plan(plan: Plan, move: PlanMove, cause: ChangeReason) -> PlanChange:
    """Change the plan. The caller holds the lock on its row."""
    before = state_of(plan)
    if move.stage is not None:
        plan.run = _enter(plan.run, move.stage, cause)
    if move.state != plan.state:
        plan.state_since = clock.now()
    plan.state = move.state
    plan.state_reason = move.why[:LONGEST]
    plan.rollback = move.rollback
    plan.save(update_fields=["run", "state", "state_reason", "state_since", "rollback"])
    change = PlanChange.objects.create(
        kind=move.kind,
        before=before,
        after=state_of(plan),
        actor=cause.actor,
        source=cause.source,
        reason=cause.reason,
        override=cause.override,
        answered=move.answered,
    )
    if move.with_notice:
        notices.queue_notice(text=_notice(change, cause))
    return change


def _enter(left: StageRun, stage: Stage, cause: ChangeReason) -> StageRun:
    # A clock that was set back must not end a stage run before its start.
    now = max(clock.now(), left.entered_at)
    left.exited_at = now
    left.save(update_fields=["exited_at"])
    return StageRun.objects.create(
        stage=stage,
        entered_at=now,
        entered_by=cause.actor,
        reason=cause.reason,
    )


def _notice(change: PlanChange, cause: ChangeReason) -> str:
    where = f"{change.after['stage']}, {change.after['state'].replace('_', ' ')}"
    against = " against the gates" if cause.override else ""
    return (
        f"Rollout {Kind(change.kind).label}{against} by {cause.actor}:"
        f" now {where}. Reason: {cause.reason}"
    )
