"""What a person does to restore the service: one function for each step.

Each takes the newest rollback that the person saw. A later rollback refuses the step:
it set the steps back to the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from easymo.sentences import english, translatable
from rollout import locks
from rollout.check_runs import requests
from rollout.core import jobs
from rollout.core.change_reason import ChangeReason, valid_change_reason
from rollout.core.errors import (
    AlreadyDone,
    ChangedMeanwhile,
    InvalidChange,
    ResumeRequirementsUnmet,
    RolloutError,
)
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.flags import acknowledgements, selectors
from rollout.flags.flags import WantedAudience, set_audiences
from rollout.incidents import incidents
from rollout.models import CheckRun, FlagChange, Incident
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.stages import SMOKE_COHORT, State
from rollout.restore import before
from rollout.stages import rollback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollout.flags.flags import FlagsChanged
    from rollout.models import CheckRequest

SOURCE = FlagChange.Source.ADMIN
NEWER = translatable(
    "There was another rollback since this page was shown: the steps begin again."
)
SMOKE_REASON = "For the smoke tests after the rollback."
NOTHING_CHOSEN = translatable("Turn on at least one feature.")


def refuse_after_newer_rollback(seen: int) -> None:
    """Refuse a step of an earlier rollback. The caller holds the flags."""
    newest = resume_requirements.newest_rollback()
    if newest is None or newest.pk != seen:
        raise ChangedMeanwhile(NEWER)


def mitigate(*, note: str, actor: str, seen: int) -> list[Incident]:
    """Mitigate the open incidents of rollbacks."""
    with transaction.atomic():
        # A rollback takes the flags before it opens an incident again.
        locks.lock_flags()
        refuse_after_newer_rollback(seen)
        found = resume_requirements.incidents_to_mitigate()
        if not found:
            raise AlreadyDone(translatable("The incident is mitigated already."))
        for incident in found:
            incidents.set_status(
                incident=incident,
                status=Incident.Status.MITIGATED,
                reason=note,
                author=actor,
            )
    return found


def run_preflight(
    *, actor: str, seen: int, live: bool = False, continues_for: str = ""
) -> tuple[CheckRequest, bool]:
    """Ask for a run of the pre-flight."""
    with transaction.atomic():
        locks.lock_flags()
        refuse_after_newer_rollback(seen)
        return requests.ask_for_run(
            kind=CheckRun.Kind.PREFLIGHT,
            actor=actor,
            live=live,
            continues_for=continues_for,
        )


def run_smoke(
    *, actor: str, seen: int, continues_for: str = ""
) -> tuple[CheckRequest, bool]:
    """Turn the features on for the people of the smoke tests, and ask for a run."""
    wanted = _off_for_smoke()
    with transaction.atomic():
        locks.lock_flags()
        refuse_after_newer_rollback(seen)
        if missing := resume_requirements.unmet(
            resume_requirements.requirements_to_turn_on()[:2]
        ):
            raise ResumeRequirementsUnmet(
                translatable("The smoke tests cannot run yet."), missing
            )
    if wanted:
        changed = set_audiences(
            dict.fromkeys(wanted, WantedAudience(True, cohorts=(SMOKE_COHORT,))),
            cause=ChangeReason(actor, SMOKE_REASON, SOURCE),
        )
        # The worker must have the change before its first test.
        acknowledgements.await_acknowledgement(changed.epoch)
    return requests.ask_for_run(
        kind=CheckRun.Kind.SMOKE, actor=actor, live=True, continues_for=continues_for
    )


def _off_for_smoke() -> list[Feature]:
    """Return the features that the smoke tests need and that are off."""
    needed = {
        feature
        for case in ports.smoke_cases()
        if not case.why_skipped()
        for feature in case.needs
    }
    off = {each.name for each in selectors.feature_states() if not each.is_on}
    return [
        feature
        for feature in Feature
        if feature in needed
        and feature in off
        and feature not in settings.FEATURES_FORCED_OFF
    ]


def turn_on(
    *,
    wanted: Mapping[Feature, WantedAudience],
    cause: ChangeReason,
    seen: int,
    seen_epoch: int | None = None,
) -> FlagsChanged | None:
    """Set all features at once and begin recovery; None when nothing had to change.

    Raises ResumeRequirementsUnmet with what is missing.
    """
    cause = valid_change_reason(
        reason=cause.reason, actor=cause.actor, source=cause.source
    )
    if not any(each.on for each in wanted.values()):
        raise InvalidChange(NOTHING_CHOSEN)
    changed = None
    with transaction.atomic():
        if changes := changes_of(wanted):
            changed = set_audiences(changes, cause=cause, seen_epoch=seen_epoch)
        else:
            locks.lock_flags()
        refuse_after_newer_rollback(seen)
        plan = locks.lock_plan()
        if plan.state not in {*plans.DOWN, State.RECOVERY}:
            raise AlreadyDone(translatable("Nothing is rolled back any more."))
        if plan.state in plans.DOWN:
            _begin_recovery(cause)
    jobs.enqueue_notices()
    return changed


def _begin_recovery(cause: ChangeReason) -> None:
    """Begin recovery where only the people of the smoke tests are served again."""
    plan = locks.lock_plan()
    if missing := resume_requirements.unmet(
        resume_requirements.requirements_to_turn_on()
    ):
        raise ResumeRequirementsUnmet(
            translatable("Nothing is turned on yet."), missing
        )
    resume_requirements.begin_recovery(plan, cause)


def changes_of(
    wanted: Mapping[Feature, WantedAudience],
) -> dict[Feature, WantedAudience]:
    """Return what differs from the present audiences."""
    now = before.current_audiences()
    return {
        feature: each
        for feature, each in wanted.items()
        if not _same(each, now[feature])
    }


def _same(one: WantedAudience, other: WantedAudience) -> bool:
    return (one.on, one.percent, sorted(one.cohorts)) == (
        other.on,
        other.percent,
        sorted(other.cohorts),
    )


def restore_all(*, note: str, actor: str, seen: int) -> CheckRequest:
    """Do all steps one after the other, in a demonstration only."""
    if not settings.DEMONSTRATION:
        raise InvalidChange(
            translatable("Only a demonstration is restored by one press.")
        )
    cause = valid_change_reason(reason=note, actor=actor, source=SOURCE)
    if selectors.full_rollback() is not None:
        rollback.restore(reason=cause.reason, actor=actor, source=SOURCE)
    if plans.current().state == State.FROZEN:
        raise InvalidChange(
            translatable(
                "The plan is frozen: a second person has to agree. Follow the steps."
            )
        )
    if resume_requirements.incidents_to_mitigate():
        mitigate(note=cause.reason, actor=actor, seen=seen)
    return run_preflight(actor=actor, seen=seen, continues_for=cause.reason)[0]


def continue_restore(request: CheckRequest) -> None:
    """Do the next step of a restore that goes on by itself, after a run."""
    if not request.continues or not request.passed:
        return
    try:
        if request.kind == CheckRun.Kind.PREFLIGHT:
            run_smoke(
                actor=request.actor,
                seen=request.rollback_seen,
                continues_for=request.reason,
            )
            return
        turn_on(
            wanted=before.audiences_before_rollback(),
            cause=ChangeReason(request.actor, request.reason, SOURCE),
            seen=request.rollback_seen,
        )
    except RolloutError as error:
        unmet = getattr(error, "unmet", ())
        requests.stop_continuing(request, " ".join(map(english, (error, *unmet))))
