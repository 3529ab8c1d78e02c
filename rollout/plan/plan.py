"""The one way in which the plan moves: its row, its stay, its audit row, its notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout.core import clock
from rollout.models import Plan, PlanChange, StageRun
from rollout.notices import notices
from rollout.policy.stages import Stage, StageTerms, State, terms_of

if TYPE_CHECKING:
    from rollout.core.change_reason import ChangeReason
    from rollout.models import RollbackEvent

Kind = PlanChange.Kind
LONGEST = 500
# Nothing is on again before somebody has mended it.
DOWN = frozenset({State.ROLLED_BACK, State.FROZEN})


@dataclass(frozen=True, slots=True)
class PlanMove:
    """Where the plan goes. `stage` begins a new stay there, also in the same stage."""

    kind: Kind
    state: State
    why: str
    stage: Stage | None = None
    rollback: RollbackEvent | None = None
    is_told: bool = True
    # The newest rollback that is answered by it.
    answered: int = 0


def terms(plan: Plan) -> StageTerms:
    return terms_of(plan.run.stage)


def state_text(plan: Plan) -> str:
    return str(plan.state).replace("_", " ")


def current() -> Plan:
    """Return the plan with its stay, unlocked: for looking at."""
    return Plan.objects.select_related("run", "rollback").get(pk=1)


def state_of(plan: Plan) -> dict[str, Any]:
    """Describe the plan as the database does, which compares the two."""
    return {"stage": plan.run.stage, "state": plan.state, "run": plan.run_id}


def move_plan(plan: Plan, move: PlanMove, cause: ChangeReason) -> PlanChange:
    """Make one move of the locked plan. The caller holds its row in a transaction."""
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
    if move.is_told:
        notices.queue_notice(text=_notice(change, cause))
    return change


def _enter(left: StageRun, stage: Stage, cause: ChangeReason) -> StageRun:
    # A clock that went backwards must not make a stay end before it began.
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
        f"Rollout {change.get_kind_display()}{against} by {cause.actor}:"
        f" now {where}. Reason: {cause.reason}"
    )
