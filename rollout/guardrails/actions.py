"""Carry out a decision: hold, demote or roll back; report a silent evaluator.

The caller holds the lease of the evaluator and a transaction: features are turned off
together with the incident, its figures and the notice. No action turns a feature on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, transaction

from easymo.observability.logs import get_logger
from rollout.core import jobs
from rollout.core.errors import RolloutError
from rollout.core.features import Feature
from rollout.guardrails.evidence import INCIDENT_PREFIX
from rollout.incidents import incidents
from rollout.models import (
    AgentFlag,
    Evaluation,
    Incident,
    Plan,
    RollbackEvent,
    StageName,
    TimelineEntry,
)
from rollout.notices import notices
from rollout.policy.decision_matrix import CHANNEL_FEATURES, Circumstances
from rollout.policy.guardrails import BUDGETS
from rollout.policy.verdicts import Action, Guardrail, Level, Verdict
from rollout.stages import plan_state, rollback, stages, waivers
from rollout.stages.rollback import CommittedRollback, RollbackOrder

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from rollout.models import StageRun
    from rollout.policy.decision_matrix import Decision

ACTOR = "evaluator"
SOURCE = "system"
DAY = timedelta(hours=24)
COOLDOWN = timedelta(minutes=30)
# A hold is released after this time without a reason, with this many evaluations.
RELEASE_AFTER = timedelta(minutes=30)
MIN_EVALUATIONS = 20
KINDS = {
    Action.PARTIAL: RollbackEvent.Kind.PARTIAL,
    Action.QUICK: RollbackEvent.Kind.QUICK,
    Action.FULL: RollbackEvent.Kind.FULL,
}
HOLDABLE = {Plan.State.ACTIVE, Plan.State.RECOVERY}
AUTOMATIC = ["demote", "partial", "quick", "full"]


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The result of a decision; `rolled_back` still has to be announced."""

    acted: bool = False
    rollback: RollbackEvent | None = None
    rolled_back: CommittedRollback | None = None


NO_ACTION = ActionResult()


def features_on() -> frozenset[Feature]:
    """Return the features that are on for anyone."""
    rows = AgentFlag.objects.exclude(everyone=False)
    names = set(rows.values_list("name", flat=True)) - set(settings.FEATURES_FORCED_OFF)
    return frozenset(feature for feature in Feature if feature.value in names)


def is_concerned(verdict: Verdict, on: Collection[Feature]) -> bool:
    """Tell whether a feature that the verdict is about is on.

    A channel without conversations is ignored; unknown prices are not.
    """
    if verdict.level == Level.NO_DATA and verdict.guardrail != Guardrail.DATA:
        return verdict.guardrail == Guardrail.COST and verdict.n > 0
    if verdict.guardrail == Guardrail.VALUE:
        return Feature.VOUCHERS in on
    feature = CHANNEL_FEATURES.get(verdict.channel)
    return feature in on if feature else bool(on)


def circumstances(run: StageRun, now: datetime) -> Circumstances:
    """Read the circumstances of a decision."""
    acted = Evaluation.objects.filter(acted=True, action__in=AUTOMATIC)
    # No upper bound: a clock that was set back must not hide actions.
    day = list(acted.filter(at__gt=now - DAY).values_list("action", flat=True))
    recent: dict[str, Action] = {}
    cooling = acted.filter(run=run, at__gt=now - COOLDOWN, at__lte=now)
    for key, name in cooling.values_list("key", "action"):
        recent[key] = max(recent.get(key, Action.NONE), Action[name.upper()])
    return Circumstances(
        stage=run.stage,
        warn_acts=BUDGETS[run.stage].warn_acts,
        partials=day.count("partial"),
        actions=len(day),
        recent=recent,
        held_back=waivers.active_overrides(now).exists(),
    )


def carry_out_decision(decision: Decision, plan: Plan, now: datetime) -> ActionResult:
    """Carry out a decision; idempotent, since the same one is made each minute."""
    if decision.action == Action.NONE or decision.because is None:
        return NO_ACTION
    if decision.action == Action.HOLD:
        return _hold(decision, plan, now)
    if decision.action == Action.DEMOTE:
        return _demote(decision, now)
    return _roll_back(decision, now)


def release_when_clear(decision: Decision, plan: Plan, now: datetime) -> bool:
    """Release an automatic hold after half an hour without a reason for it."""
    since = now - RELEASE_AFTER
    if (
        decision.action != Action.NONE
        or plan.state != Plan.State.HELD
        or plan.state_since > since
    ):
        return False
    looks = Evaluation.objects.filter(at__gt=since, at__lte=now)
    if looks.exclude(action="none").exists() or looks.count() < MIN_EVALUATIONS:
        return False
    reason = f"No reason to hold for {RELEASE_AFTER.seconds // 60} minutes."
    # None: a person holds it, and only a person releases it.
    return plan_state.release(reason=reason, actor=ACTOR, source=SOURCE) is not None


def notify(acted: ActionResult) -> None:
    """After the commit: send the notices, and wait for the processes."""
    if acted.rolled_back is not None:
        rollback.finish(acted.rolled_back)
    elif acted.acted:
        jobs.enqueue_notices()


def _roll_back(decision: Decision, now: datetime) -> ActionResult:
    verdict = decision.because
    assert verdict is not None
    done = rollback.carry_out(
        RollbackOrder(
            KINDS[decision.action],
            decision.sentence,
            ACTOR,
            SOURCE,
            tuple(sorted(feature.value for feature in decision.features)),
            incident_key=f"{INCIDENT_PREFIX}{decision.key}",
            severity=decision.severity,
            evidence=evidence_of_decision(decision),
            decided_at=now,
            freezes=decision.frozen,
        )
    )
    event = RollbackEvent.objects.filter(incident=done.incident).first()
    return ActionResult(acted=True, rollback=event, rolled_back=done)


def _demote(decision: Decision, now: datetime) -> ActionResult:
    """Go back one stage, and limit the features to its audience."""
    incident, _is_new = _open_incident(decision, "Taken back a stage", now)
    stages.demote(
        reason=decision.sentence, actor=ACTOR, source=SOURCE, with_notice=False
    )
    notices.queue_notice(
        incident=incident,
        text=f"Taken back a stage: {decision.sentence} (incident {incident.pk})",
    )
    return ActionResult(acted=True)


def _hold(decision: Decision, plan: Plan, now: datetime) -> ActionResult:
    """Stop promotions and open the incident, once; traffic is not changed."""
    incident, is_new = _open_incident(decision, "Held, nothing turned off", now)
    is_held = False
    # In the infrastructure stage there is no promotion to stop.
    if plan.state in HOLDABLE and plan.run.stage != StageName.INFRASTRUCTURE:
        reason = decision.sentence
        held = plan_state.hold(
            reason=reason, actor=ACTOR, source=SOURCE, with_notice=not is_new
        )
        is_held = held is not None
    if is_new:
        notices.queue_notice(
            incident=incident,
            text=(
                f"Held, nothing turned off: {decision.sentence}"
                f" (incident {incident.pk})"
            ),
        )
    return ActionResult(acted=is_held or is_new)


def _open_incident(
    decision: Decision, what: str, now: datetime
) -> tuple[Incident, bool]:
    """Open the incident of the guardrail, or add to the one that is open."""
    incident, is_new = incidents.get_or_open(
        key=f"{INCIDENT_PREFIX}{decision.key}",
        title=decision.sentence,
        severity=decision.severity,
        opened_by=ACTOR,
    )
    if not is_new and decision.action == Action.HOLD:
        return incident, False
    incidents.reopen_or_raise(incident, severity=decision.severity, author=ACTOR)
    incidents.write_entry(
        incident,
        kind=TimelineEntry.Kind.AUTO,
        author=ACTOR,
        text=f"{what}: {decision.sentence}",
        data={
            "evidence": evidence_of_decision(decision),
            "decided_at": now.isoformat(),
        },
    )
    return incident, is_new


def evidence_of_decision(decision: Decision) -> dict[str, object]:
    """Return the figures of the decision, to store with its incident."""
    assert decision.because is not None
    return {
        **decision.because.as_json(),
        "action": decision.action.name.lower(),
        "severity": decision.severity.value,
        "deadline_s": decision.deadline_s,
        "frozen": decision.frozen,
        "sentence": decision.sentence,
    }


logger = get_logger(__name__)

SILENCE_KEY = "evaluator:silent"
SYSTEM = "system"


def report_silent_evaluator(*, silent_s: float) -> bool:
    """Open the incident and queue the notice; False when it is open already."""
    text = (
        f"The evaluator has not looked for {silent_s / 60:.0f} minutes: no breach is"
        " noticed, nothing is rolled back by itself. Is a worker running?"
    )
    with transaction.atomic():
        incident, is_new = incidents.get_or_open(
            key=SILENCE_KEY,
            title="The evaluator is silent",
            severity=Incident.Severity.HIGH,
            opened_by=SYSTEM,
        )
        if is_new:
            incidents.write_entry(
                incident, kind=TimelineEntry.Kind.AUTO, author=SYSTEM, text=text
            )
            notices.queue_notice(incident=incident, text=text)
    if is_new:
        _hold_plan(text)
    return is_new


def _hold_plan(text: str) -> None:
    """Stop promotions; a locked plan does not stop the report."""
    try:
        plan_state.hold(reason=text, actor=SYSTEM, source=SYSTEM)
    except (Error, RolloutError) as error:
        logger.warning("rollout.silence.not_held", error=type(error).__name__)
