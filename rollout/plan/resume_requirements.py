"""What has to be mended before anything is turned on again after a rollback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
# What the second person is asked for.
SECOND = "second_person"
RESTORE = "The functions are taken away."
HOW = {
    CheckRun.Kind.PREFLIGHT: "Run `python manage.py preflight`.",
    CheckRun.Kind.SMOKE: "Let in the sandbox people alone (`python manage.py flags set"
    f" … --cohort {SMOKE_COHORT}`), then run `python manage.py smoke`.",
}


@dataclass(frozen=True, slots=True)
class ResumeRequirement:
    """One thing that has to be so, and what to do until it is."""

    name: str
    met: bool
    value: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        return self.value if self.met else f"{self.value} {self.remedy}"


def requirements_to_turn_on() -> list[ResumeRequirement]:
    """Return what the contract asks for: mitigated, checked, tried since."""
    since = last_rollback_at()
    return [
        _mitigated(),
        _passed(CheckRun.Kind.PREFLIGHT, since),
        _passed(CheckRun.Kind.SMOKE, since),
    ]


def requirements_to_resume(plan: Plan) -> list[ResumeRequirement]:
    """Return what going on with the stages asks for besides: to know why, and whom."""
    needs = [*requirements_to_turn_on(), _understood(plan)]
    if plan.state == State.FROZEN:
        # Nothing can be tried while everything stays off: that comes afterwards.
        needs = [need for need in needs if need.name != CheckRun.Kind.SMOKE]
    if Epoch.objects.filter(functions_removed=True).exists():
        needs.append(
            ResumeRequirement(
                "restore", False, RESTORE, "Run `rollback restore` first."
            )
        )
    if needs_second_person(plan):
        needs.append(_seconded(plan))
    return needs


def current_requirements() -> list[ResumeRequirement]:
    """Return what resuming takes as things stand; nothing where there is no need."""
    plan = plans.current()
    return requirements_to_resume(plan) if plan.state in plans.DOWN else []


def smoke_tests_passed() -> bool:
    """Tell whether the smoke tests have passed since the last rollback."""
    return _passed(CheckRun.Kind.SMOKE, last_rollback_at()).met


def unmet(needs: Sequence[ResumeRequirement]) -> list[str]:
    return [need.sentence for need in needs if not need.met]


def allow_turning_on(
    *, limited_to: Sequence[str] | None, cause: ChangeReason
) -> list[str] | None:
    """Refuse what is not mended yet; with it, or against it, recovery begins.

    ``limited_to``: the cohorts, where nobody else is to be served. The sandbox people
    of the smoke tests may be let in to make those tests. Raises NotMended, PlanFrozen.
    The caller holds the switches.
    """
    plan = locks.lock_plan()
    if plan.state not in plans.DOWN:
        return None
    if plan.state == State.FROZEN:
        raise PlanFrozen(
            "The plan is frozen: nothing is turned on before `rollout resume`,"
            " which takes a second person."
        )
    needs = requirements_to_turn_on()
    if limited_to is not None and set(limited_to) <= {SMOKE_COHORT}:
        needs = needs[:2]
        if not (missing := unmet(needs)):
            return None
    missing = unmet(needs)
    if missing and not cause.override:
        raise ResumeRequirementsUnmet(
            f"After the {_words(plan)} nothing is turned on yet: {' '.join(missing)}",
            missing,
        )
    begin_recovery(plan, cause)
    return missing


def begin_recovery(plan: Plan, cause: ChangeReason) -> PlanChange:
    """Go back into service under watch, with clean evidence; turns nothing on."""
    kind = plan.rollback.kind if plan.rollback else RollbackEvent.Kind.QUICK
    newest = newest_rollback()
    return plans.move_plan(
        plan,
        plans.PlanMove(
            kind=plans.Kind.RESUMED,
            state=State.RECOVERY,
            why=f"Back in service after the {_words(plan)}: {cause.reason}",
            stage=stage_after_rollback(plan.run.stage, kind=kind),
            answered=newest.pk if newest else 0,
        ),
        cause,
    )


def newest_rollback() -> RollbackEvent | None:
    events = RollbackEvent.objects.exclude(kind=RollbackEvent.Kind.RESTORE)
    return events.order_by("-id").first()


def last_rollback_at() -> datetime | None:
    """Return when anything was rolled back last; what was tried before is stale."""
    newest = newest_rollback()
    return newest.at if newest else None


def needs_second_person(plan: Plan) -> bool:
    is_full = plan.rollback is not None and plan.rollback.kind == "full"
    return is_full or plan.state == State.FROZEN


def _words(plan: Plan) -> str:
    kind = plan.rollback.get_kind_display() if plan.rollback else "last"
    return f"{kind} rollback"


def _incidents() -> list[Incident]:
    """Return the incidents of rollbacks that nobody has resolved, newest first."""
    rolled_back = RollbackEvent.objects.exclude(kind=RollbackEvent.Kind.RESTORE)
    return list(
        Incident.objects.filter(
            resolved_at__isnull=True, pk__in=rolled_back.values("incident")
        ).order_by("-id")
    )


def _mitigated() -> ResumeRequirement:
    open_ones = [
        incident for incident in _incidents() if incident.status == Incident.Status.OPEN
    ]
    if not open_ones:
        return ResumeRequirement("mitigated", True, "Its incident is mitigated.")
    *others, last = [str(incident.pk) for incident in open_ones]
    numbers = f"{', '.join(others)} and {last}" if others else last
    what = "Incident {} is" if len(open_ones) == 1 else "Incidents {} are"
    return ResumeRequirement(
        "mitigated",
        False,
        f"{what.format(numbers)} open.",
        f"Run `python manage.py incident mitigate {open_ones[0].pk}`, once the harm"
        " has stopped.",
    )


def _understood(plan: Plan) -> ResumeRequirement:
    event = plan.rollback
    known = event is not None and bool(event.incident.root_cause.strip())
    number = event.incident_id if event else ""
    return ResumeRequirement(
        "root_cause",
        known,
        "The root cause is written down."
        if known
        else f"Incident {number} names no root cause.",
        "Write down what caused it: on its page, or with"
        f" `python manage.py incident lessons {number} --root-cause …`.",
    )


def _passed(kind: CheckRun.Kind, since: datetime | None) -> ResumeRequirement:
    runs = CheckRun.objects.filter(kind=kind).order_by("-id")
    newest = runs.filter(started_at__gt=since).first() if since else runs.first()
    met = newest is not None and newest.passed
    label = "pre-flight has" if kind == CheckRun.Kind.PREFLIGHT else "smoke tests have"
    how = "passed since" if met else "failed" if newest else "not been run since"
    return ResumeRequirement(
        kind.value,
        met,
        f"The {label} {how}.",
        HOW[kind],
    )


def _seconded(plan: Plan) -> ResumeRequirement:
    approved = Waiver.objects.filter(
        run=plan.run, gate=RESUME, expires_at__gt=clock.now()
    ).exclude(approved_by="")
    met = approved.filter(approved_at__gt=plan.state_since).exists()
    return ResumeRequirement(
        SECOND,
        met,
        "A second person agrees." if met else "No second person has agreed.",
        "Ask with `rollout waive resume`; somebody else approves.",
    )
