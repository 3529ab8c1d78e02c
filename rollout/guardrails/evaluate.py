"""One look at the evidence, a minute after the last: gather, judge, decide, act.

All of it is one transaction under a lease. Nothing here turns anything on, and what it
turns off goes the road of every rollback.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from django.db import Error, connection, transaction

from easymo.observability.logs import get_logger
from rollout.core import clock
from rollout.core.errors import RolloutError
from rollout.guardrails import acting, detectors, expectations, lease, triggers
from rollout.models import Evaluation, Plan
from rollout.policy.decision_matrix import Decision, decide
from rollout.policy.triggers import triggered
from rollout.policy.verdicts import Action, Level, Verdict
from rollout.stages import state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from rollout.guardrails.acting import Acted
    from rollout.models import StageRun

logger = get_logger(__name__)

# Whoever hangs in the middle holds the row no longer than this.
STATEMENT = "20s"
IDLE = "30s"


def tick() -> Evaluation | None:
    """Judge once; None when somebody else does, or did in the meantime."""
    token = lease.claim()
    if token is None:
        return None
    _settle()
    try:
        evaluation, acted = _judge(token)
    except BaseException:
        lease.give_back(token)
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
    acting.tell(acted)
    return evaluation


def _settle() -> None:
    """Let the plan do what time alone does; that may wait a minute more."""
    try:
        state.settle()
    except (Error, RolloutError) as error:
        logger.warning("rollout.plan.unsettled", error=type(error).__name__)


def _judge(token: UUID) -> tuple[Evaluation | None, Acted]:
    began = perf_counter()
    with transaction.atomic():
        _bound()
        row = lease.hold(token)
        if row is None:
            return None, acting.NOTHING_DONE
        now = clock.now()
        plan = Plan.objects.select_related("run").get()
        fresh = detectors.uncounted()
        verdicts = _verdicts(plan.run, fresh, now)
        decision = _decided(plan.run, verdicts, now)
        acted = acting.carry_out(decision, plan, now)
        acting.release_when_clear(decision, plan, now)
        evaluation = _written(plan, verdicts, decision, acted, began)
        detectors.mark(fresh, evaluation.pk)
        lease.finish(row)
    return evaluation, acted


def _bound() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT}'")
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE}'")


def _verdicts(
    run: StageRun, fresh: list[dict[str, object]], now: datetime
) -> list[Verdict]:
    policy = expectations.policy()
    judge = detectors.step(fresh, run, policy, now)
    facts = triggers.facts(run, now, awaited=bool(acting.features_on()))
    return [*judge.verdicts(now, triggers.attended()), *triggered(facts, policy)]


def _decided(run: StageRun, verdicts: Sequence[Verdict], now: datetime) -> Decision:
    """Decide by those verdicts about which something can be done."""
    on = acting.features_on()
    concerned = [
        verdict
        for verdict in verdicts
        if verdict.level != Level.OK and acting.is_concerned(verdict, on)
    ]
    return decide(concerned, acting.circumstances(run, now))


def _written(
    plan: Plan,
    verdicts: Sequence[Verdict],
    decision: Decision,
    acted: Acted,
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
