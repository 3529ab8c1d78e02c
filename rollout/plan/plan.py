"""The one way in which the plan moves: its row, its stay, its audit row, its notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollout.core import clock
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.models import Plan, PlanChange, StageRun
from rollout.notices import notices
from rollout.policy.stages import Stage, State, Terms, terms_of

if TYPE_CHECKING:
    from rollout.models import RollbackEvent

Kind = PlanChange.Kind
LONGEST = 500
# Nothing is on again before somebody has mended it.
DOWN = frozenset({State.ROLLED_BACK, State.FROZEN})


@dataclass(frozen=True, slots=True)
class Said:
    """Who moves the plan, why and from where; `override`: against the gates."""

    actor: str
    reason: str
    source: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Where the plan goes. `stage` begins a new stay there, also in the same stage."""

    kind: Kind
    state: State
    why: str
    stage: Stage | None = None
    rollback: RollbackEvent | None = None
    is_told: bool = True
    # The newest rollback that is answered by it.
    answered: int = 0


def said(*, reason: str, actor: str, source: str, override: bool = False) -> Said:
    """Hold who and why to the rules that every road shares."""
    return Said(valid_actor(actor), valid_reason(reason), source, override)


def terms(plan: Plan) -> Terms:
    return terms_of(plan.run.stage)


def words_of(plan: Plan) -> str:
    return str(plan.state).replace("_", " ")


def current() -> Plan:
    """Return the plan with its stay, unlocked: for looking at."""
    return Plan.objects.select_related("run", "rollback").get(pk=1)


def state_of(plan: Plan) -> dict[str, Any]:
    """Describe the plan as the database does, which compares the two."""
    return {"stage": plan.run.stage, "state": plan.state, "run": plan.run_id}


def carry_out(plan: Plan, move: Move, said: Said) -> PlanChange:
    """Make one move of the locked plan. The caller holds its row in a transaction."""
    before = state_of(plan)
    if move.stage is not None:
        plan.run = _enter(plan.run, move.stage, said)
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
        actor=said.actor,
        source=said.source,
        reason=said.reason,
        override=said.override,
        answered=move.answered,
    )
    if move.is_told:
        notices.queue_notice(text=_notice(change, said))
    return change


def _enter(left: StageRun, stage: Stage, said: Said) -> StageRun:
    # A clock that went backwards must not make a stay end before it began.
    now = max(clock.now(), left.entered_at)
    left.exited_at = now
    left.save(update_fields=["exited_at"])
    return StageRun.objects.create(
        stage=stage, entered_at=now, entered_by=said.actor, reason=said.reason
    )


def _notice(change: PlanChange, said: Said) -> str:
    where = f"{change.after['stage']}, {change.after['state'].replace('_', ' ')}"
    against = " against the gates" if said.override else ""
    return (
        f"Rollout {change.get_kind_display()}{against} by {said.actor}:"
        f" now {where}. Reason: {said.reason}"
    )
