"""Read the state of each step back into service after a rollback. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from rollout.check_runs import requests
from rollout.flags import selectors
from rollout.models import (
    CheckRequest,
    CheckRun,
    Incident,
    PlanChange,
    RollbackEvent,
    TimelineEntry,
)
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.policy.stages import State
from rollout.restore import before
from rollout.stages import plan_state

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.models import Plan
    from rollout.plan.resume_requirements import ResumeRequirement


class Name(StrEnum):
    """The steps, in their order. The second and third exist after some rollbacks."""

    MITIGATE = "mitigate"
    PREFLIGHT = "preflight"
    FUNCTIONS = "functions"
    UNFREEZE = "unfreeze"
    SMOKE = "smoke"
    TURN_ON = "turn_on"


class StepState(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its state, who did it and when, and what is missing."""

    name: Name
    state: StepState
    sentence: str = ""
    by: str = ""
    at: datetime | None = None
    # A run that goes on or that failed: its lines so far.
    results: tuple[dict[str, Any], ...] = ()
    request: CheckRequest | None = None
    # What must be done first, in sentences.
    missing: tuple[str, ...] = ()

    @property
    def is_passed(self) -> bool:
        return self.state == StepState.PASSED

    @property
    def failed_lines(self) -> tuple[dict[str, Any], ...]:
        return tuple(one for one in self.results if one.get("status") == "failed")


@dataclass(frozen=True, slots=True)
class RestoreState:
    """The state of all steps back into service."""

    plan: Plan
    rollback: RollbackEvent | None
    incidents: tuple[Incident, ...] = ()
    steps: tuple[Step, ...] = ()
    next_sentence: str = ""
    # Why a restore that goes on by itself has stopped.
    stopped: str = ""
    by_name: dict[str, Step] = field(default_factory=dict)

    @property
    def is_down(self) -> bool:
        return self.plan.state in plans.DOWN

    @property
    def seen(self) -> int:
        """Return the newest rollback, which a form names: a later one refuses it."""
        return self.rollback.pk if self.rollback else 0

    @property
    def current(self) -> Step | None:
        """Return the first step that is not passed."""
        return next((step for step in self.steps if not step.is_passed), None)


def read_restore() -> RestoreState:
    """Read the plan, the incident, the runs and the changes since the last rollback."""
    plan, rollback = plans.current(), resume_requirements.newest_rollback()
    went_down = before.went_down()
    is_shown = plan.state in {*plans.DOWN, State.RECOVERY}
    if rollback is None or went_down is None or not is_shown:
        late = _("A rollback is in force. Its steps appear here within a minute.")
        sentence = late if plan_state.has_missed_a_rollback() else ""
        return RestoreState(plan, rollback, next_sentence=sentence)
    facts = _Facts(plan, rollback, went_down)
    steps = tuple(facts.steps())
    return RestoreState(
        plan=plan,
        rollback=rollback,
        incidents=tuple(resume_requirements.incidents_to_mitigate()),
        steps=steps,
        next_sentence=_next_sentence(plan, steps),
        stopped=_why_stopped(rollback),
        by_name={step.name: step for step in steps},
    )


class _Facts:
    """What the steps of one reading share."""

    def __init__(
        self, plan: Plan, rollback: RollbackEvent, went_down: PlanChange
    ) -> None:
        self.plan, self.rollback, self.went_down = plan, rollback, went_down
        self.is_down = plan.state in plans.DOWN
        self.are_removed = selectors.full_rollback() is not None
        needs = resume_requirements.requirements_to_turn_on()
        self.mitigated, self.preflight, self.smoke = needs
        self.moves = PlanChange.objects.filter(pk__gt=went_down.pk)

    def steps(self) -> list[Step]:
        found = [
            self.mitigate(),
            self.check(Name.PREFLIGHT, self.preflight, missing=()),
        ]
        if (functions := self.functions()) is not None:
            found.append(functions)
        if (unfreeze := self.unfreeze()) is not None:
            found.append(unfreeze)
        earlier = tuple(_title(step.name) for step in found if not step.is_passed)
        found.append(self.check(Name.SMOKE, self.smoke, missing=earlier))
        found.append(self.turn_on(found))
        return found

    def mitigate(self) -> Step:
        if not self.mitigated.met:
            return Step(Name.MITIGATE, StepState.OPEN, self.mitigated.value)
        entry = (
            TimelineEntry.objects.filter(
                Q(text__startswith="mitigated:") | Q(text__startswith="resolved:"),
                kind=TimelineEntry.Kind.STATUS,
                incident=self.rollback.incident,
            )
            .order_by("-id")
            .first()
        )
        return Step(
            Name.MITIGATE,
            StepState.PASSED,
            entry.text if entry else self.mitigated.value,
            by=entry.author if entry else "",
            at=entry.at if entry else None,
        )

    def check(
        self, name: Name, need: ResumeRequirement, missing: tuple[str, ...]
    ) -> Step:
        """Return the step of a run: of the open one, else of the newest result."""
        since, kind = self.rollback.at, name.value
        request = requests.latest_request(kind)
        if request is not None and request.asked_at < since:
            request = None
        run = CheckRun.objects.filter(kind=kind, started_at__gt=since).first()
        if request and request.ended_at is None and not requests.is_lost(request):
            return _running(name, request)
        if need.met and run is not None:
            sentence, at = _counted(run), run.finished_at
            return Step(name, StepState.PASSED, sentence, by=run.actor, at=at)
        if request is not None and _has_no_result(request, run):
            return _without_result(name, request, missing)
        if run is not None:
            return Step(
                name,
                StepState.FAILED,
                _counted(run),
                by=run.actor,
                at=run.finished_at,
                results=tuple(run.results),
                missing=missing,
            )
        state = StepState.WAITING if missing or not self.is_down else StepState.OPEN
        return Step(name, state, missing=missing)

    def functions(self) -> Step | None:
        """Return the step that ends a full rollback; None when there was none."""
        if self.are_removed:
            return Step(
                Name.FUNCTIONS,
                StepState.OPEN,
                _("A full rollback is in force: the functions are removed."),
            )
        restored = RollbackEvent.objects.filter(
            kind=RollbackEvent.Kind.RESTORE, pk__gt=self.went_down.answered
        ).first()
        if restored is None:
            return None
        return Step(
            Name.FUNCTIONS,
            StepState.PASSED,
            restored.reason,
            by=restored.actor,
            at=restored.at,
        )

    def unfreeze(self) -> Step | None:
        """Return the step that ends a freeze; None when the plan was not frozen."""
        if self.plan.state == State.FROZEN and not self.are_removed:
            needs = resume_requirements.requirements_to_resume(self.plan)
            missing = tuple(resume_requirements.unmet(needs))
            return Step(
                Name.UNFREEZE,
                StepState.WAITING if missing else StepState.OPEN,
                _("The plan is frozen: a second person has to agree."),
                missing=missing,
            )
        move = self.moves.filter(
            kind=PlanChange.Kind.RESUMED, after__state=State.ROLLED_BACK.value
        ).first()
        if move is None:
            return None
        return Step(
            Name.UNFREEZE, StepState.PASSED, move.reason, by=move.actor, at=move.at
        )

    def turn_on(self, earlier: list[Step]) -> Step:
        if not self.is_down:
            move = self.moves.filter(kind=PlanChange.Kind.RESUMED).first()
            return Step(
                Name.TURN_ON,
                StepState.PASSED,
                move.reason if move else "",
                by=move.actor if move else "",
                at=move.at if move else None,
            )
        missing = tuple(_title(step.name) for step in earlier if not step.is_passed)
        state = StepState.WAITING if missing else StepState.OPEN
        return Step(Name.TURN_ON, state, missing=missing)


def _running(name: Name, request: CheckRequest) -> Step:
    return Step(
        name,
        StepState.RUNNING,
        _progress(request),
        by=request.actor,
        at=request.asked_at,
        results=tuple(request.results),
        request=request,
    )


def _has_no_result(request: CheckRequest, run: CheckRun | None) -> bool:
    """Tell whether the newest thing known is a run that ended without a result."""
    if run is not None and run.started_at > request.asked_at:
        return False
    return request.passed is None


def _without_result(
    name: Name, request: CheckRequest, missing: tuple[str, ...]
) -> Step:
    return Step(
        name,
        StepState.FAILED,
        request.failure or requests.LOST,
        by=request.actor,
        at=request.asked_at,
        results=tuple(request.results),
        missing=missing,
    )


def _title(name: Name) -> str:
    return {
        Name.MITIGATE: _("Mitigate the incident"),
        Name.PREFLIGHT: _("Pass the pre-flight"),
        Name.FUNCTIONS: _("Restore the functions"),
        Name.UNFREEZE: _("End the freeze"),
        Name.SMOKE: _("Pass the smoke tests"),
        Name.TURN_ON: _("Turn the features on"),
    }[name]


def titles() -> dict[Name, str]:
    """Return the title of each step."""
    return {name: _title(name) for name in Name}


def _progress(request: CheckRequest) -> str:
    if requests.is_late(request):
        return _("It waits for a worker: is one running?")
    if not request.total:
        return _("It waits for a worker.")
    return _("%(done)d of %(total)d lines. Now: %(current)s") % {
        "done": len(request.results),
        "total": request.total,
        "current": request.current,
    }


def _counted(run: CheckRun) -> str:
    return ", ".join(f"{n} {status}" for status, n in run.counts.items() if n)


def _next_sentence(plan: Plan, steps: tuple[Step, ...]) -> str:
    if plan.state == State.RECOVERY:
        progress = plan_state.recovery_of(plan).words
        return _("The features are on again, under close watch. %(progress)s.") % {
            "progress": progress
        }
    step = next((each for each in steps if not each.is_passed), None)
    if step is None:
        return ""
    if step.state == StepState.RUNNING:
        return _("Next: wait until the run has ended.")
    return _("Next: %(title)s.") % {"title": _title(step.name)}


def _why_stopped(rollback: RollbackEvent) -> str:
    """Return why a restore that goes on by itself stopped after its last run."""
    newest = CheckRequest.objects.order_by("-id").first()
    if newest is None or not newest.continues or newest.rollback_seen != rollback.pk:
        return ""
    return newest.failure if newest.passed else ""
