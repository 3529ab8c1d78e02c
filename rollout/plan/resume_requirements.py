"""The requirements to turn features on again, and to resume, after a rollback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from easymo.sentences import english, joined, label, translatable
from rollout import locks
from rollout.core import clock
from rollout.core.errors import PlanFrozen, ResumeRequirementsUnmet
from rollout.models import CheckRun, Epoch, Incident, RollbackEvent, Waiver
from rollout.plan import plan as plans
from rollout.policy.stages import SMOKE_COHORT, State, stage_after_rollback

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollout.core.change_reason import ChangeReason
    from rollout.models import Plan, PlanChange

RESUME = "resume"
# The name of the requirement of a second person.
SECOND_PERSON = "second_person"
RESTORE = translatable("The functions are removed.")
HOW = {
    CheckRun.Kind.PREFLIGHT: translatable("Run `python manage.py preflight`."),
    CheckRun.Kind.SMOKE: translatable(
        "Turn the features on for the sandbox people only (`python manage.py flags set"
        " … --cohort {cohort}`), then run `python manage.py smoke`.",
        cohort=SMOKE_COHORT,
    ),
}
RESULTS = {
    CheckRun.Kind.PREFLIGHT: {
        "passed": translatable("The pre-flight has passed since."),
        "failed": translatable("The pre-flight has failed."),
        "not_run": translatable("The pre-flight has not been run since."),
    },
    CheckRun.Kind.SMOKE: {
        "passed": translatable("The smoke tests have passed since."),
        "failed": translatable("The smoke tests have failed."),
        "not_run": translatable("The smoke tests have not been run since."),
    },
}


@dataclass(frozen=True, slots=True)
class ResumeRequirement:
    """One requirement, and what to do until it is met."""

    name: str
    met: bool
    value: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        return self.value if self.met else joined(" ", [self.value, self.remedy])


def requirements_to_turn_on() -> list[ResumeRequirement]:
    """Return the requirements: incident mitigated, pre-flight and smoke tests passed."""
    since = last_rollback_at()
    return [
        _mitigated(),
        _passed(CheckRun.Kind.PREFLIGHT, since),
        _passed(CheckRun.Kind.SMOKE, since),
    ]


def requirements_to_resume(plan: Plan) -> list[ResumeRequirement]:
    """Return the requirements to resume: also the root cause, and a second person."""
    needs = [*requirements_to_turn_on(), _root_cause(plan)]
    if plan.state == State.FROZEN:
        # Smoke tests need features that are on: they follow later.
        needs = [need for need in needs if need.name != CheckRun.Kind.SMOKE]
    if Epoch.objects.filter(functions_removed=True).exists():
        needs.append(
            ResumeRequirement(
                "restore", False, RESTORE, translatable("Run `rollback restore` first.")
            )
        )
    if needs_second_person(plan):
        needs.append(_second_person(plan))
    return needs


def current_requirements() -> list[ResumeRequirement]:
    """Return the current requirements to resume; empty when the plan is not down."""
    plan = plans.current()
    return requirements_to_resume(plan) if plan.state in plans.DOWN else []


def smoke_tests_passed() -> bool:
    """Tell whether the smoke tests passed after the last rollback."""
    return _passed(CheckRun.Kind.SMOKE, last_rollback_at()).met


def unmet(needs: Sequence[ResumeRequirement]) -> list[str]:
    return [need.sentence for need in needs if not need.met]


def allow_turning_on(
    *, limited_to: Sequence[str] | None, cause: ChangeReason
) -> list[str] | None:
    """Refuse unmet requirements; otherwise begin recovery, also by override.

    ``limited_to``: the cohorts, when only they are served. Features may be turned on
    for the people of the smoke tests, to run those tests. Raises
    ResumeRequirementsUnmet, PlanFrozen. The caller holds the flags.
    """
    plan = locks.lock_plan()
    if plan.state not in plans.DOWN:
        return None
    if plan.state == State.FROZEN:
        raise PlanFrozen(
            translatable(
                "The plan is frozen: nothing is turned on before `rollout resume`, which takes a second person."
            )
        )
    needs = requirements_to_turn_on()
    if limited_to is not None and set(limited_to) <= {SMOKE_COHORT}:
        needs = needs[:2]
        if not (missing := unmet(needs)):
            return None
    missing = unmet(needs)
    if missing and not cause.override:
        raise ResumeRequirementsUnmet(
            translatable(
                "After the {rollback} nothing is turned on yet: {missing}",
                rollback=_rollback_text(plan),
                missing=joined(" ", missing),
            ),
            missing,
        )
    begin_recovery(plan, cause)
    return missing


def begin_recovery(plan: Plan, cause: ChangeReason) -> PlanChange:
    """Begin recovery in a new stage run; turns nothing on."""
    kind = plan.rollback.kind if plan.rollback else RollbackEvent.Kind.QUICK
    newest = newest_rollback()
    return plans.move_plan(
        plan,
        plans.PlanMove(
            kind=plans.Kind.RESUMED,
            state=State.RECOVERY,
            why="Back in service after the"
            f" {english(_rollback_text(plan))}: {cause.reason}",
            stage=stage_after_rollback(plan.run.stage, kind=kind),
            answered=newest.pk if newest else 0,
        ),
        cause,
    )


def newest_rollback() -> RollbackEvent | None:
    events = RollbackEvent.objects.exclude(kind=RollbackEvent.Kind.RESTORE)
    return events.order_by("-id").first()


def last_rollback_at() -> datetime | None:
    """Return the time of the last rollback; older checks do not count."""
    newest = newest_rollback()
    return newest.at if newest else None


def needs_second_person(plan: Plan) -> bool:
    is_full = plan.rollback is not None and plan.rollback.kind == "full"
    return is_full or plan.state == State.FROZEN


def _rollback_text(plan: Plan) -> str:
    kind = (
        RollbackEvent.Kind(plan.rollback.kind).label
        if plan.rollback
        else gettext_noop("last")
    )
    return translatable("{kind} rollback", kind=label(kind))


def _incidents() -> list[Incident]:
    """Return the unresolved incidents of rollbacks, newest first."""
    rolled_back = RollbackEvent.objects.exclude(kind=RollbackEvent.Kind.RESTORE)
    return list(
        Incident.objects.filter(
            resolved_at__isnull=True, pk__in=rolled_back.values("incident")
        ).order_by("-id")
    )


def incidents_to_mitigate() -> list[Incident]:
    """Return the open incidents of rollbacks, newest first."""
    return [each for each in _incidents() if each.status == Incident.Status.OPEN]


def _mitigated() -> ResumeRequirement:
    open_ones = incidents_to_mitigate()
    if not open_ones:
        return ResumeRequirement(
            "mitigated", True, translatable("Its incident is mitigated.")
        )
    *others, last = [str(incident.pk) for incident in open_ones]
    value = translatable("Incident {number} is open.", number=last)
    if others:
        value = translatable(
            "Incidents {numbers} and {last} are open.",
            numbers=", ".join(others),
            last=last,
        )
    return ResumeRequirement(
        "mitigated",
        False,
        value,
        translatable(
            "Run `python manage.py incident mitigate {number}`, once the harm has"
            " stopped.",
            number=open_ones[0].pk,
        ),
    )


def _root_cause(plan: Plan) -> ResumeRequirement:
    event = plan.rollback
    known = event is not None and bool(event.incident.root_cause.strip())
    number = event.incident_id if event else ""
    return ResumeRequirement(
        "root_cause",
        known,
        translatable("The root cause is written down.")
        if known
        else translatable("Incident {number} names no root cause.", number=number),
        translatable(
            "Write down what caused it: on its page, or with"
            " `python manage.py incident lessons {number} --root-cause …`.",
            number=number,
        ),
    )


def _passed(kind: CheckRun.Kind, since: datetime | None) -> ResumeRequirement:
    runs = CheckRun.objects.filter(kind=kind).order_by("-id")
    newest = runs.filter(started_at__gt=since).first() if since else runs.first()
    met = newest is not None and newest.passed
    result = "passed" if met else "failed" if newest else "not_run"
    return ResumeRequirement(kind.value, met, RESULTS[kind][result], HOW[kind])


def _second_person(plan: Plan) -> ResumeRequirement:
    approved = Waiver.objects.filter(
        run=plan.run, gate=RESUME, expires_at__gt=clock.now()
    ).exclude(approved_by="")
    met = approved.filter(approved_at__gt=plan.state_since).exists()
    return ResumeRequirement(
        SECOND_PERSON,
        met,
        translatable("A second person agrees.")
        if met
        else translatable("No second person has agreed."),
        translatable("Ask with `rollout waive resume`; another person approves."),
    )
