"""A person holds the evaluator back for a while; never from data or money."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from rollout import locks
from rollout.core import clock, jobs
from rollout.core.change_reason import valid_actor, valid_reason
from rollout.core.errors import InvalidChange, WrongState
from rollout.models import Override
from rollout.models.plan import OVERRIDE_AT_MOST
from rollout.notices import notices

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

LONGEST_HOURS = int(OVERRIDE_AT_MOST.total_seconds() // 3600)


def active(now: datetime | None = None) -> QuerySet[Override]:
    """Return what is in force; one at most."""
    now = now or clock.now()
    return Override.objects.filter(
        at__lte=now, expires_at__gt=now, ended_at__isnull=True
    )


def begin(*, reason: str, actor: str, hours: int) -> Override:
    """Let the evaluator hold where it would roll back, for some hours."""
    reason, actor = valid_reason(reason), valid_actor(actor)
    if not 1 <= hours <= LONGEST_HOURS:
        raise InvalidChange(f"An override lasts 1 to {LONGEST_HOURS} hours.")
    with transaction.atomic():
        locks.lock_plan()
        if running := active().first():
            raise WrongState(f"Override {running.pk} is in force; end it first.")
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


def end(*, override: Override, actor: str) -> Override:
    """Let the evaluator act again at once."""
    actor = valid_actor(actor)
    with transaction.atomic():
        locks.lock_plan()
        row = Override.objects.get(pk=override.pk)
        now = clock.now()
        if row.ended_at is not None or row.expires_at <= now:
            raise WrongState("It is over already.")
        row.ended_at, row.ended_by = now, actor
        row.save(update_fields=["ended_at", "ended_by"])
        notices.queue_notice(
            text=f"{actor} ends override {row.pk}: rollbacks act again."
        )
    jobs.enqueue_notices()
    return row
