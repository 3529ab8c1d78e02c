"""Run one evaluation of the guardrails: collect evidence, evaluate, decide, act.

It runs each minute. The claim of the lease is one short transaction; the evaluation is
another, which locks the lease again and continues only when its claim is still in
force. So a process that died has done nothing, one that was suspended too long does
nothing, and the others wait no longer than the lease. A row with an expiry needs no
session lock and works through any pooler. An evaluation never turns a feature on.
"""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models.functions import Now

from easymo.observability.logs import get_logger
from rollout import locks
from rollout.core import clock
from rollout.core.errors import RolloutError
from rollout.guardrails import actions, evidence
from rollout.models import Evaluation, Plan
from rollout.policy.decision_matrix import Decision, decide
from rollout.policy.evaluation import trigger_verdicts
from rollout.policy.guardrails import ExpectedTraffic, Policy
from rollout.policy.verdicts import Action, Level, Verdict
from rollout.stages import plan_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollout.guardrails.actions import ActionResult
    from rollout.models import EvaluatorLease, StageRun

logger = get_logger(__name__)

# Limits how long an evaluation that hangs can lock the row.
STATEMENT_TIMEOUT = "20s"
IDLE_TIMEOUT = "30s"


def run_evaluation() -> Evaluation | None:
    """Run one evaluation; None when another process holds or has taken the lease."""
    token = claim_lease()
    if token is None:
        return None
    _settle_plan()
    try:
        evaluation, acted = _evaluate(token)
    except BaseException:
        release_lease(token)
        raise
    if evaluation is None:
        return None
    logger.info(
        "rollout.evaluation",
        evaluation_id=evaluation.pk,
        action=evaluation.action,
        guardrail=evaluation.key,
        acted=evaluation.acted,
        duration_ms=evaluation.duration_ms,
    )
    actions.notify(acted)
    return evaluation


def _settle_plan() -> None:
    """Settle the plan; a failure is tried again in the next minute."""
    try:
        plan_state.settle()
    except (Error, RolloutError) as error:
        logger.warning("rollout.plan.unsettled", error=type(error).__name__)


def _evaluate(token: UUID) -> tuple[Evaluation | None, ActionResult]:
    began = perf_counter()
    with transaction.atomic():
        _limit_transaction()
        row = lock_claimed_lease(token)
        if row is None:
            return None, actions.NO_ACTION
        now = clock.now()
        plan = Plan.objects.select_related("run").get()
        fresh = evidence.unscored_observations()
        verdicts = _verdicts(plan.run, fresh, now)
        decision = _decide(plan.run, verdicts, now)
        acted = actions.carry_out_decision(decision, plan, now)
        actions.release_when_clear(decision, plan, now)
        evaluation = _create_evaluation(plan, verdicts, decision, acted, began)
        evidence.mark_scored(fresh, evaluation.pk)
        finish_lease(row)
    return evaluation, acted


def _limit_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        cursor.execute(
            f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}'"
        )


def _verdicts(
    run: StageRun, fresh: list[dict[str, object]], now: datetime
) -> list[Verdict]:
    policy = policy_in_force()
    detectors = evidence.step_detectors(fresh, run, policy, now)
    facts = evidence.trigger_facts(run, now, awaited=bool(actions.features_on()))
    return [
        *detectors.verdicts(now, evidence.attended_keys()),
        *trigger_verdicts(facts, policy),
    ]


def _decide(run: StageRun, verdicts: Sequence[Verdict], now: datetime) -> Decision:
    """Decide on the verdicts that concern a feature that is on."""
    on = actions.features_on()
    concerned = [
        verdict
        for verdict in verdicts
        if verdict.level != Level.OK and actions.is_concerned(verdict, on)
    ]
    return decide(concerned, actions.circumstances(run, now))


def _create_evaluation(
    plan: Plan,
    verdicts: Sequence[Verdict],
    decision: Decision,
    acted: ActionResult,
    began: float,
) -> Evaluation:
    return Evaluation.objects.create(
        run=plan.run,
        verdicts=[verdict.as_json() for verdict in verdicts],
        action=Action(decision.action).name.lower(),
        severity=decision.severity,
        because=decision.sentence[:500],
        key=decision.key,
        acted=acted.acted,
        rollback=acted.rollback,
        duration_ms=round((perf_counter() - began) * 1000),
    )


LEASE = timedelta(seconds=90)


def claim_lease() -> UUID | None:
    """Return the token of a new claim; None while another claim is in force."""
    now = clock.now()
    with transaction.atomic():
        row = locks.lock_lease(wait=False)
        if row is None or is_claimed(row, now):
            return None
        row.holder, row.expires_at = uuid4(), now + LEASE
        row.save(update_fields=["holder", "expires_at"])
        return row.holder


def lock_claimed_lease(token: UUID) -> EvaluatorLease | None:
    """Lock the row until the end of the transaction; None when the claim is lost."""
    row = locks.lock_lease(wait=True)
    return row if row is not None and row.holder == token else None


def finish_lease(row: EvaluatorLease) -> None:
    """Release the claim and record the time of the evaluation."""
    row.holder, row.expires_at = None, None
    row.ticked_at = Now()
    row.save(update_fields=["holder", "expires_at", "ticked_at"])


def release_lease(token: UUID) -> None:
    """Release the claim after an evaluation that failed."""
    with transaction.atomic():
        row = lock_claimed_lease(token)
        if row is not None:
            row.holder, row.expires_at = None, None
            row.save(update_fields=["holder", "expires_at"])


def is_claimed(row: EvaluatorLease, now: datetime) -> bool:
    """Tell whether a claim is in force.

    A claim that ends later than a new one would was made before the clock was set back;
    it does not count.
    """
    return row.expires_at is not None and now < row.expires_at <= now + LEASE


def policy_in_force() -> Policy:
    """Return the policy in force, with the expected traffic of the settings."""
    return Policy(
        expected={
            "chat": ExpectedTraffic(
                settings.EXPECTED_CHATS_PER_HOUR, settings.EXPECTED_COST_CHAT_USD
            ),
            "voice": ExpectedTraffic(
                settings.EXPECTED_CALLS_PER_HOUR, settings.EXPECTED_COST_CALL_USD
            ),
        },
        spend_a_day=settings.DAILY_COST_USD or None,
    )
