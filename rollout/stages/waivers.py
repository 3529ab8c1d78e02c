"""Two people let a gate pass, for a while and for a reason: one asks, another agrees.

The same two steps give the second person whom going on after a full rollback takes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from rollout import locks
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange, SecondPersonNeeded, WrongState
from rollout.models import Waiver
from rollout.models.plan import WAIVER_AT_MOST
from rollout.notices import notices
from rollout.plan import plan as plans
from rollout.plan.resume_requirements import RESUME, needs_second_person
from rollout.policy.gates import TITLES
from rollout.policy.stages import NEVER_WAIVED, GateName

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from rollout.models import Plan

LONGEST_DAYS = WAIVER_AT_MOST.days


def ask(*, gate: str, reason: str, actor: str, days: int = LONGEST_DAYS) -> Waiver:
    """Ask for a waiver of a gate of this stage, or for the second person to resume.

    It counts when somebody else approves it, in this stay only, and until it expires.
    """
    reason, actor = valid_reason(reason), valid_actor(actor)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidChange(f"A waiver lasts 1 to {LONGEST_DAYS} days.")
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
                f"{actor} asks for {words(waiver)}: somebody else has to approve it."
                f" Reason: {reason}"
            )
        )
    jobs.enqueue_notices()
    return waiver


def approve(*, waiver: Waiver, actor: str) -> Waiver:
    """Agree to what somebody else asked for. Raises SecondPersonNeeded."""
    actor = valid_actor(actor)
    with transaction.atomic():
        plan = locks.lock_plan()
        row = Waiver.objects.get(pk=waiver.pk)
        now = clock.now()
        if row.asked_by.casefold() == actor.casefold():
            raise SecondPersonNeeded("Nobody approves what she asked for herself.")
        if row.approved_by:
            raise WrongState(f"{row.approved_by} approved it already.")
        if row.expires_at <= now or row.run_id != plan.run_id:
            raise WrongState("It has expired, or the stage was left since: ask anew.")
        row.approved_by, row.approved_at = actor, now
        row.save(update_fields=["approved_by", "approved_at"])
        notices.queue_notice(
            text=(
                f"{actor} approves {words(row)}, asked for by {row.asked_by}."
                f" Reason: {row.reason}"
            )
        )
    jobs.enqueue_notices()
    return row


def waiting(plan: Plan) -> QuerySet[Waiver]:
    """Return what somebody else could approve now."""
    return Waiver.objects.filter(
        run=plan.run, approved_by="", expires_at__gt=clock.now()
    )


def choices() -> list[tuple[str, str]]:
    """Return what could be asked for now, with its title."""
    plan = plans.current()
    found = [
        (name.value, TITLES[name])
        for name in plans.terms(plan).gates
        if name not in NEVER_WAIVED
    ]
    if plan.state in plans.DOWN and needs_second_person(plan):
        found.append((RESUME, "Going on after the rollback"))
    return found


def words(waiver: Waiver) -> str:
    if waiver.gate == RESUME:
        return f"going on after the rollback (waiver {waiver.pk})"
    return f"a waiver of the gate {waiver.gate} (waiver {waiver.pk})"


def _askable(gate: str, plan: Plan) -> str:
    name = gate.strip().lower()
    if name == RESUME:
        if plan.state not in plans.DOWN or not needs_second_person(plan):
            raise WrongState("Going on needs no second person now.")
        return RESUME
    gates = plans.terms(plan).gates
    if name not in list(GateName) or GateName(name) not in gates:
        known = ", ".join(each for each in gates if each not in NEVER_WAIVED)
        raise InvalidChange(
            f"Stage {plan.run.stage} has no gate {gate[:40]!r} to waive."
            f" There are: {known or 'none'}."
        )
    if GateName(name) in NEVER_WAIVED:
        raise InvalidChange(
            f"{TITLES[GateName(name)]} is never waived: it is mended, not decided away."
        )
    return name
