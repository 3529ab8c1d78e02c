"""Change the stage, and limit the features to the audience of the stage.

Advancing takes a person and met gates; going back is always possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from easymo.sentences import label, translatable
from rollout import locks
from rollout.core.change_reason import valid_change_reason
from rollout.core.errors import GatesUnmet, InvalidChange, OverrideNeeded
from rollout.flags import fence
from rollout.flags.flags import change_flag
from rollout.models import AgentFlag, Cohort
from rollout.plan import plan as plans
from rollout.plan.plan import Kind, PlanMove
from rollout.policy.gates import evaluate_gates, unmet
from rollout.policy.stages import (
    Audience,
    Stage,
    State,
    is_wider_than_stage,
    narrow_audience,
    terms_of,
)
from rollout.stages import gate_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollout.checklists.checklists import ChecklistLine
    from rollout.core.change_reason import ChangeReason
    from rollout.models import FlagChange, Plan, PlanChange
    from rollout.policy.gates import Gate


def gates_now(
    plan: Plan | None = None, lines: Sequence[ChecklistLine] | None = None
) -> list[Gate]:
    """Evaluate the gates of the current stage; the last stage has none.

    ``lines`` is its checklist where the caller has read it.
    """
    plan = plan or plans.current()
    return (
        evaluate_gates(gate_facts.collect_facts(plan, lines))
        if plans.terms(plan).gates
        else []
    )


def advance(*, reason: str, actor: str, source: str) -> PlanChange:
    """Advance one stage when every gate is met or waived. Raises GatesUnmet."""
    cause = valid_change_reason(reason=reason, actor=actor, source=source)
    with transaction.atomic():
        locks.lock_flags()
        plan = locks.lock_plan()
        following = Stage(plan.run.stage).following
        if following is None:
            raise InvalidChange(
                translatable(
                    "{stage} is the last stage.",
                    stage=label(plan.run.stage.capitalize()),
                )
            )
        gates = gates_now(plan)
        gate_facts.store_results(plan.run, gates)
        missing = unmet(gates)
        if not missing:
            move = PlanMove(Kind.ADVANCED, State.ACTIVE, cause.reason, stage=following)
            return plans.move_plan(plan, move, cause)
    # Outside the transaction, so that the gate results are kept.
    raise GatesUnmet(
        translatable(
            "Stage {stage} cannot be left yet: {missing} of {gates} gates are not met.",
            stage=label(plan.run.stage),
            missing=len(missing),
            gates=len(gates),
        ),
        [gate.sentence for gate in missing],
    )


def set_stage(
    stage: str, *, reason: str, actor: str, source: str, override: bool = False
) -> PlanChange:
    """Set any stage, an upper one only by override; the state is kept.

    Going back limits the features to the audience of that stage.
    """
    cause = valid_change_reason(
        reason=reason, actor=actor, source=source, override=override
    )
    try:
        wanted = Stage(stage.strip().lower())
    except ValueError as error:
        known = ", ".join(Stage)
        raise InvalidChange(
            translatable(
                "There is no stage {stage}. There are {known}.",
                stage=repr(stage[:40]),
                known=known,
            )
        ) from error
    return _change_stage(lambda _here: wanted, cause, Kind.SET)


def demote(
    *, reason: str, actor: str, source: str, with_notice: bool = True
) -> PlanChange:
    """Go back one stage, and limit the features to its audience.

    ``with_notice`` False: the caller queues the notice.
    """

    def before(here: Stage) -> Stage:
        if here.preceding is None:
            raise InvalidChange(
                translatable(
                    "{here} is the first stage.", here=label(here.capitalize())
                )
            )
        return here.preceding

    cause = valid_change_reason(reason=reason, actor=actor, source=source)
    return _change_stage(before, cause, Kind.DEMOTED, with_notice=with_notice)


def _change_stage(
    where: Callable[[Stage], Stage],
    cause: ChangeReason,
    kind: Kind,
    *,
    with_notice: bool = True,
) -> PlanChange:
    with transaction.atomic():
        # A person who loses a feature must not redeem any more.
        fence.close_fence()
        locks.lock_flags()
        plan = locks.lock_plan()
        here = Stage(plan.run.stage)
        wanted = where(here)
        if wanted == here:
            raise InvalidChange(
                translatable("The stage is {here} already.", here=label(here))
            )
        if wanted.rank > here.rank and not cause.override:
            raise OverrideNeeded(
                translatable(
                    "Going from {here} to {wanted} passes by the gates: `stage advance` asks them, --override does not.",
                    here=label(here),
                    wanted=label(wanted),
                )
            )
        if wanted.rank < here.rank:
            narrow_to(wanted, cause)
        move = PlanMove(
            kind,
            State(plan.state),
            cause.reason if plan.state == State.ACTIVE else plan.state_reason,
            stage=wanted,
            rollback=plan.rollback,
            with_notice=with_notice,
        )
        return plans.move_plan(plan, move, cause)


def audience_of(flag: AgentFlag) -> Audience:
    return Audience(
        everyone=flag.everyone is True,
        has_share=flag.everyone is None and flag.percent is not None,
        cohorts=frozenset(cohort.name for cohort in flag.cohorts.all()),
    )


def all_flags() -> list[AgentFlag]:
    return list(AgentFlag.objects.order_by("pk").prefetch_related("cohorts"))


def exposure_warnings() -> list[str]:
    """Return warnings about features that are on against the plan (see ADR 10)."""
    plan = plans.current()
    found = flags_wider_than(plan.run.stage)
    if plan.state == State.HELD and any(not audience_of(f).is_off for f in all_flags()):
        found.append(
            translatable("The plan is held: {reason}", reason=plan.state_reason)
        )
    return found


def flags_wider_than(stage: str) -> list[str]:
    """Return a sentence for each feature that is on outside the audience of the stage."""
    serves = terms_of(stage).audience
    return [
        translatable(
            "{flag} is on for {audience}; stage {stage} serves {serves}.",
            flag=flag.name,
            audience=audience.words,
            stage=stage,
            serves=serves,
        )
        for flag in all_flags()
        if is_wider_than_stage(audience := audience_of(flag), stage)
    ]


def narrow_to(stage: Stage, cause: ChangeReason) -> list[FlagChange]:
    """Limit the features to the audience of the stage; turns nothing on.

    The caller has closed the fence and holds the flags.
    """
    written = []
    for flag in all_flags():
        audience = audience_of(flag)
        left = narrow_audience(audience, stage)
        if left == audience:
            continue
        cohorts = list(Cohort.objects.filter(name__in=left.cohorts))
        everyone = None if cohorts else False
        audit = {"actor": cause.actor, "reason": cause.reason, "source": cause.source}
        written.append(
            change_flag(
                flag, everyone=everyone, percent=None, cohorts=cohorts, audit=audit
            )
        )
    return written
