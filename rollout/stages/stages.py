"""The moves between stages: up only by a person and through the gates, down always.

The order of locks: fence, switches, plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from rollout import locks
from rollout.core.errors import GatesUnmet, InvalidChange, OverrideNeeded
from rollout.plan import plan as plans
from rollout.plan.plan import Kind, Move
from rollout.policy.gates import evaluate, unmet
from rollout.policy.stages import Stage, State
from rollout.stages import audience, gate_facts
from rollout.stages.state import (
    enter_restored,
    enter_rolled_back,
    hold,
    recovery_of,
    release,
    resume,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollout.models import Plan, PlanChange
    from rollout.plan.plan import Said
    from rollout.policy.gates import Gate

__all__ = [
    "advance",
    "demote",
    "enter_restored",
    "enter_rolled_back",
    "gates_now",
    "hold",
    "recovery_of",
    "release",
    "resume",
    "set_stage",
    "settle",
]


def gates_now(plan: Plan | None = None) -> list[Gate]:
    """Judge the gates of the stage as it stands; writes nothing.

    The last stage has none, and after a year in it its facts would be many.
    """
    plan = plan or plans.current()
    return evaluate(gate_facts.collect(plan)) if plans.terms(plan).gates else []


def advance(*, reason: str, actor: str, source: str) -> PlanChange:
    """Go up one stage, when every gate is met or waived. Raises GatesUnmet."""
    said = plans.said(reason=reason, actor=actor, source=source)
    with transaction.atomic():
        locks.lock_switches()
        plan = locks.lock_plan()
        following = Stage(plan.run.stage).following
        if following is None:
            raise InvalidChange(f"{plan.run.stage.capitalize()} is the last stage.")
        gates = gates_now(plan)
        gate_facts.write_down(plan.run, gates)
        missing = unmet(gates)
        if not missing:
            move = Move(Kind.ADVANCED, State.ACTIVE, said.reason, stage=following)
            return plans.carry_out(plan, move, said)
    # Outside, so that what the gates said stays written down.
    raise GatesUnmet(
        f"Stage {plan.run.stage} cannot be left yet: {len(missing)} of"
        f" {len(gates)} gates are not met.",
        [gate.sentence for gate in missing],
    )


def set_stage(
    stage: str, *, reason: str, actor: str, source: str, override: bool = False
) -> PlanChange:
    """Go to any stage: back freely, up only by override; the state stays as it is.

    Going back takes the features back to whom that stage serves.
    """
    said = plans.said(reason=reason, actor=actor, source=source, override=override)
    try:
        wanted = Stage(stage.strip().lower())
    except ValueError as error:
        known = ", ".join(Stage)
        raise InvalidChange(
            f"There is no stage {stage[:40]!r}. There are {known}."
        ) from error
    return _go(lambda _here: wanted, said, Kind.SET)


def demote(*, reason: str, actor: str, source: str, is_told: bool = True) -> PlanChange:
    """Go back one stage, and take the features back to whom that one serves.

    ``is_told`` False: the caller tells people.
    """

    def before(here: Stage) -> Stage:
        if here.preceding is None:
            raise InvalidChange(f"{here.capitalize()} is the first stage.")
        return here.preceding

    said = plans.said(reason=reason, actor=actor, source=source)
    return _go(before, said, Kind.DEMOTED, is_told=is_told)


def _go(
    where: Callable[[Stage], Stage], said: Said, kind: Kind, *, is_told: bool = True
) -> PlanChange:
    with transaction.atomic():
        # Whoever loses a feature by it must not go on redeeming.
        locks.close_fence()
        locks.lock_switches()
        plan = locks.lock_plan()
        here = Stage(plan.run.stage)
        wanted = where(here)
        if wanted == here:
            raise InvalidChange(f"The stage is {here} already.")
        if wanted.rank > here.rank and not said.override:
            raise OverrideNeeded(
                f"Going from {here} to {wanted} passes by the gates:"
                " `stage advance` asks them, --override does not."
            )
        if wanted.rank < here.rank:
            audience.narrow_to(wanted, said)
        move = Move(
            kind,
            State(plan.state),
            said.reason if plan.state == State.ACTIVE else plan.state_reason,
            stage=wanted,
            rollback=plan.rollback,
            is_told=is_told,
        )
        return plans.carry_out(plan, move, said)
