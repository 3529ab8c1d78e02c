"""Whom the stage serves, and the features that serve more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout.flags.flags import apply
from rollout.models import AgentFlag, Cohort
from rollout.plan import plan as plans
from rollout.policy.stages import Audience, Stage, State, is_wider, narrowed, terms_of

if TYPE_CHECKING:
    from rollout.models import FlagChange
    from rollout.plan.plan import Said


def audience_of(flag: AgentFlag) -> Audience:
    return Audience(
        everyone=flag.everyone is True,
        has_share=flag.everyone is None and flag.percent is not None,
        cohorts=frozenset(cohort.name for cohort in flag.cohorts.all()),
    )


def flags() -> list[AgentFlag]:
    return list(AgentFlag.objects.order_by("pk").prefetch_related("cohorts"))


def warnings() -> list[str]:
    """Say what is on in spite of the plan. Nobody is kept from it: see ADR 11."""
    plan = plans.current()
    found = wider_than(plan.run.stage)
    if plan.state == State.HELD and any(not audience_of(f).is_off for f in flags()):
        found.append(f"The plan is held: {plan.state_reason}")
    return found


def wider_than(stage: str) -> list[str]:
    """Name the features that are on for people whom this stage does not serve yet."""
    serves = terms_of(stage).audience
    return [
        f"{flag.name} is on for {audience.words}; stage {stage} serves {serves}."
        for flag in flags()
        if is_wider(audience := audience_of(flag), stage)
    ]


def narrow_to(stage: Stage, said: Said) -> list[FlagChange]:
    """Take the features back to whom the stage serves; turns nothing on.

    The caller has closed the fence and holds the switches.
    """
    written = []
    for flag in flags():
        audience = audience_of(flag)
        left = narrowed(audience, stage)
        if left == audience:
            continue
        cohorts = list(Cohort.objects.filter(name__in=left.cohorts))
        everyone = None if cohorts else False
        audit = {"actor": said.actor, "reason": said.reason, "source": said.source}
        written.append(
            apply(flag, everyone=everyone, percent=None, cohorts=cohorts, audit=audit)
        )
    return written
