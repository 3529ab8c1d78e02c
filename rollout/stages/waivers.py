"""Waivers of gates, and overrides of automatic rollbacks.

A waiver takes two people: one asks, another approves. The same two steps give the
second person that resuming after a full rollback requires. An override by one person
suspends automatic rollbacks for some hours, except those for data and money.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from easymo.sentences import label, translatable
from rollout import locks
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange, SecondPersonNeeded, WrongState
from rollout.models import Override, Waiver
from rollout.models.plan import OVERRIDE_AT_MOST, WAIVER_AT_MOST
from rollout.notices import notices
from rollout.plan import plan as plans
from rollout.plan.resume_requirements import RESUME, needs_second_person
from rollout.policy.stages import NEVER_WAIVED, GateName

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from rollout.models import Plan

MAX_WAIVER_DAYS = WAIVER_AT_MOST.days


def ask_for_waiver(
    *, gate: str, reason: str, actor: str, days: int = MAX_WAIVER_DAYS
) -> Waiver:
    """Ask for a waiver of a gate of this stage, or for the second person to resume.

    It is valid once another person approves it, in this stage run, until it expires.
    """
    reason, actor = valid_reason(reason), valid_actor(actor)
    if not 1 <= days <= MAX_WAIVER_DAYS:
        raise InvalidChange(
            translatable(
                "A waiver lasts 1 to {most} days.",
                most=MAX_WAIVER_DAYS,
            )
        )
    with transaction.atomic():
        plan = locks.lock_plan()
        name = _askable(gate, plan)
        now = clock.now()
        waiver = Waiver.objects.create(
            run=plan.run,
            gate=name,
            reason=reason,
            asked_by=actor,
            asked_at=now,
            expires_at=now + timedelta(days=days),
        )
        notices.queue_notice(
            text=(
                f"{actor} asks for {waiver_text(waiver)}: another person has to approve it."
                f" Reason: {reason}"
            )
        )
    jobs.enqueue_notices()
    return waiver


def approve_waiver(*, waiver: Waiver, actor: str) -> Waiver:
    """Approve a waiver that another person asked for. Raises SecondPersonNeeded."""
    actor = valid_actor(actor)
    with transaction.atomic():
        plan = locks.lock_plan()
        row = Waiver.objects.get(pk=waiver.pk)
        now = clock.now()
        if row.asked_by.casefold() == actor.casefold():
            raise SecondPersonNeeded(
                translatable("The person who asks cannot approve.")
            )
        if row.approved_by:
            raise WrongState(
                translatable("{name} approved it already.", name=row.approved_by)
            )
        if row.expires_at <= now or row.run_id != plan.run_id:
            raise WrongState(
                translatable(
                    "It has expired, or the stage has changed since: ask again."
                )
            )
        row.approved_by, row.approved_at = actor, now
        row.save(update_fields=["approved_by", "approved_at"])
        notices.queue_notice(
            text=(
                f"{actor} approves {waiver_text(row)}, asked for by {row.asked_by}."
                f" Reason: {row.reason}"
            )
        )
    jobs.enqueue_notices()
    return row


def waiting_waivers(plan: Plan) -> QuerySet[Waiver]:
    """Return the waivers that can be approved now."""
    return Waiver.objects.filter(
        run=plan.run, approved_by="", expires_at__gt=clock.now()
    )


def is_waiting(waiver: Waiver) -> bool:
    """Tell whether the waiver can be approved now."""
    return waiting_waivers(plans.current()).filter(pk=waiver.pk).exists()


def waivable_gates() -> list[tuple[str, str]]:
    """Return what a waiver can be asked for now, with its title."""
    plan = plans.current()
    found = [
        (name.value, name.label)
        for name in plans.terms(plan).gates
        if name not in NEVER_WAIVED
    ]
    if plan.state in plans.DOWN and needs_second_person(plan):
        found.append((RESUME, "Going on after the rollback"))
    return found


def waiver_text(waiver: Waiver) -> str:
    if waiver.gate == RESUME:
        return f"going on after the rollback (waiver {waiver.pk})"
    return f"a waiver of the gate {waiver.gate} (waiver {waiver.pk})"


def _askable(gate: str, plan: Plan) -> str:
    name = gate.strip().lower()
    if name == RESUME:
        if plan.state not in plans.DOWN or not needs_second_person(plan):
            raise WrongState(translatable("Going on needs no second person now."))
        return RESUME
    gates = plans.terms(plan).gates
    if name not in list(GateName) or GateName(name) not in gates:
        known = ", ".join(each for each in gates if each not in NEVER_WAIVED)
        raise InvalidChange(
            translatable(
                "Stage {stage} has no gate {gate} to waive. There are: {known}.",
                stage=label(plan.run.stage),
                gate=repr(gate[:40]),
                known=known or label("none"),
            )
        )
    if GateName(name) in NEVER_WAIVED:
        raise InvalidChange(
            translatable("{gate} cannot be waived.", gate=label(GateName(name).label))
        )
    return name


MAX_OVERRIDE_HOURS = int(OVERRIDE_AT_MOST.total_seconds() // 3600)


def active_overrides(now: datetime | None = None) -> QuerySet[Override]:
    """Return the override in force; at most one."""
    now = now or clock.now()
    return Override.objects.filter(
        at__lte=now, expires_at__gt=now, ended_at__isnull=True
    )


def begin_override(*, reason: str, actor: str, hours: int) -> Override:
    """Let the evaluator hold instead of rolling back, for some hours."""
    reason, actor = valid_reason(reason), valid_actor(actor)
    if not 1 <= hours <= MAX_OVERRIDE_HOURS:
        raise InvalidChange(
            translatable(
                "An override lasts 1 to {most} hours.",
                most=MAX_OVERRIDE_HOURS,
            )
        )
    with transaction.atomic():
        locks.lock_plan()
        if running := active_overrides().first():
            raise WrongState(
                translatable(
                    "Override {number} is in force; end it first.", number=running.pk
                )
            )
        now = clock.now()
        override = Override.objects.create(
            reason=reason,
            by=actor,
            at=now,
            expires_at=now + timedelta(hours=hours),
        )
        notices.queue_notice(
            text=(
                f"{actor} holds automatic rollbacks back for {hours} h (override"
                f" {override.pk}; not those for personal data or spending)."
                f" Reason: {reason}"
            )
        )
    jobs.enqueue_notices()
    return override


def end_override(*, override: Override, actor: str) -> Override:
    """End an override: the evaluator rolls back again."""
    actor = valid_actor(actor)
    with transaction.atomic():
        locks.lock_plan()
        row = Override.objects.get(pk=override.pk)
        now = clock.now()
        if row.ended_at is not None or row.expires_at <= now:
            raise WrongState(translatable("It is over already."))
        row.ended_at, row.ended_by = now, actor
        row.save(update_fields=["ended_at", "ended_by"])
        notices.queue_notice(
            text=f"{actor} ends override {row.pk}: rollbacks act again."
        )
    jobs.enqueue_notices()
    return row
