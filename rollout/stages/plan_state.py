"""Change the state of the plan: held, rolled back, in recovery.

A rollback turns features off before it locks the row of the plan, and continues without
it when the row stays locked; `settle` follows up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import Error, transaction
from django.db.models import Max

from easymo.observability.logs import get_logger
from easymo.sentences import translatable
from rollout import locks
from rollout.core import clock
from rollout.core.change_reason import ChangeReason, valid_change_reason
from rollout.core.errors import FlagsBusy, ResumeRequirementsUnmet, WrongState
from rollout.flags import fence
from rollout.models import PlanChange, RollbackEvent
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.plan.plan import DOWN, Kind, PlanMove
from rollout.policy.stages import (
    RECOVERY_CONVERSATIONS,
    RecoveryProgress,
    Stage,
    State,
    stage_after_rollback,
)
from rollout.stages import gate_facts, stages

if TYPE_CHECKING:
    from rollout.models import Plan

logger = get_logger(__name__)
SYSTEM = "system"
STRENGTH = ("partial", "quick", "full")


def hold(
    *, reason: str, actor: str, source: str, with_notice: bool = True
) -> PlanChange | None:
    """Stop promotions without a change of traffic; None when the plan is held already.

    ``with_notice`` False: the caller queues the notice. Raises WrongState while the
    plan is rolled back.
    """
    cause = valid_change_reason(reason=reason, actor=actor, source=source)
    with transaction.atomic():
        plan = locks.lock_plan()
        if plan.state in DOWN:
            raise WrongState(
                translatable(
                    "The plan is {state} already.", state=plans.state_text(plan)
                )
            )
        if plan.state == State.HELD:
            return None
        move = PlanMove(Kind.HELD, State.HELD, cause.reason, with_notice=with_notice)
        return plans.move_plan(plan, move, cause)


def release(*, reason: str, actor: str, source: str) -> PlanChange | None:
    """End a hold and return to the previous state.

    The system ends only its own holds; None when a person holds. Raises WrongState.
    """
    cause = valid_change_reason(reason=reason, actor=actor, source=source)
    with transaction.atomic():
        plan = locks.lock_plan()
        if plan.state != State.HELD:
            raise WrongState(
                translatable(
                    "The plan is not held, but {state}.", state=plans.state_text(plan)
                )
            )
        held = PlanChange.objects.filter(kind=Kind.HELD).first()
        if source == SYSTEM and held is not None and held.source != SYSTEM:
            return None
        state = State(held.before["state"]) if held else State.ACTIVE
        return plans.move_plan(
            plan, PlanMove(Kind.RELEASED, state, cause.reason), cause
        )


def enter_rolled_back(
    event: RollbackEvent, cause: ChangeReason, *, frozen: bool = False
) -> bool:
    """Set the plan to rolled back; False when its row is locked.

    Runs in the transaction of the rollback and never blocks it: `settle` follows up.
    """
    try:
        with transaction.atomic():
            _follow_rollback(locks.lock_plan(), event, cause, frozen=frozen)
    except (Error, FlagsBusy) as error:
        logger.error(  # noqa: TRY400 - the rollback goes on; the error is only late
            "rollout.plan.behind", error=type(error).__name__, rollback_id=event.pk
        )
        return False
    return True


def enter_restored(cause: ChangeReason) -> PlanChange | None:
    """Set a frozen plan to rolled back after its functions were restored."""
    plan = locks.lock_plan()
    if plan.state != State.FROZEN:
        return None
    why = f"Functions restored, every feature still off: {cause.reason}"
    move = PlanMove(
        Kind.RESTORED, State.ROLLED_BACK, why, rollback=plan.rollback, with_notice=False
    )
    return plans.move_plan(plan, move, cause)


def resume(*, reason: str, actor: str, source: str) -> PlanChange:
    """Begin recovery after a rollback; turns nothing on.

    A frozen plan becomes rolled back first, so that the smoke tests can run; a second
    call begins recovery. Raises ResumeRequirementsUnmet with the missing requirements.
    """
    cause = valid_change_reason(reason=reason, actor=actor, source=source)
    with transaction.atomic():
        fence.close_fence()
        locks.lock_flags()
        plan = locks.lock_plan()
        if plan.state not in DOWN:
            raise WrongState(
                translatable(
                    "The plan is not rolled back, but {state}.",
                    state=plans.state_text(plan),
                )
            )
        if missing := resume_requirements.unmet(
            resume_requirements.requirements_to_resume(plan)
        ):
            raise ResumeRequirementsUnmet(
                translatable("The plan cannot resume yet."), missing
            )
        if plan.state == State.FROZEN and not resume_requirements.smoke_tests_passed():
            why = f"No longer frozen, every feature still off: {cause.reason}"
            unfrozen = PlanMove(
                Kind.RESUMED, State.ROLLED_BACK, why, rollback=plan.rollback
            )
            return plans.move_plan(plan, unfrozen, cause)
        kind = plan.rollback.kind if plan.rollback else "quick"
        stages.narrow_to(stage_after_rollback(plan.run.stage, kind=kind), cause)
        return resume_requirements.begin_recovery(plan, cause)


def settle() -> PlanChange | None:
    """End a finished recovery, and follow a rollback that the plan has missed."""
    if _unanswered_rollback() is None and plans.current().state != State.RECOVERY:
        return None
    with transaction.atomic():
        locks.lock_flags()
        plan = locks.lock_plan()
        if late := _unanswered_rollback():
            cause = ChangeReason(late.actor, late.reason, SYSTEM)
            return _follow_rollback(plan, late, cause, frozen=False)
        if plan.state != State.RECOVERY:
            return None
        recovery = recovery_of(plan)
        if not recovery.is_over:
            return None
        cause = ChangeReason(SYSTEM, f"{recovery.words}.", SYSTEM)
        move = PlanMove(Kind.RECOVERED, State.ACTIVE, cause.reason)
        return plans.move_plan(plan, move, cause)


def has_missed_a_rollback() -> bool:
    """Tell whether a rollback is in force that the plan does not show yet."""
    return _unanswered_rollback() is not None


def recovery_of(plan: Plan) -> RecoveryProgress:
    """Return the progress of the recovery."""
    return RecoveryProgress(
        elapsed=clock.now() - plan.state_since,
        clean=gate_facts.clean_conversations(plan),
        warnings=gate_facts.open_warnings(plan),
        wanted=0 if plan.run.stage == Stage.INFRASTRUCTURE else RECOVERY_CONVERSATIONS,
    )


def _follow_rollback(
    plan: Plan, event: RollbackEvent, cause: ChangeReason, *, frozen: bool
) -> PlanChange | None:
    strongest = _stronger(plan.rollback, event)
    is_frozen = frozen or event.kind == event.Kind.FULL or plan.state == State.FROZEN
    state = State.FROZEN if is_frozen else State.ROLLED_BACK
    if state == plan.state and strongest == plan.rollback:
        return None
    move = PlanMove(
        kind=Kind.FROZEN if is_frozen else Kind.ROLLED_BACK,
        state=state,
        why=f"{event.kind.capitalize()} rollback by {cause.actor}: {cause.reason}",
        rollback=strongest,
        with_notice=False,
        answered=event.pk,
    )
    return plans.move_plan(plan, move, cause)


def _stronger(known: RollbackEvent | None, new: RollbackEvent) -> RollbackEvent:
    if known is None or STRENGTH.index(new.kind) > STRENGTH.index(known.kind):
        return new
    return known


def _unanswered_rollback() -> RollbackEvent | None:
    """Return the newest rollback when no change of the plan responded to it."""
    newest = resume_requirements.newest_rollback()
    if newest is None or plans.current().state in DOWN:
        return None
    begun = PlanChange.objects.order_by("id").values_list("at", flat=True).first()
    if begun is None or newest.at < begun:
        # Older than the plan.
        return None
    answered = PlanChange.objects.aggregate(newest=Max("answered"))["newest"] or 0
    return newest if newest.pk > answered else None
