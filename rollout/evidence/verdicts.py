"""Read the verdicts of the newest evaluation, and purge old evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from rollout.core import clock
from rollout.models import Evaluation
from rollout.policy.verdicts import EVALUATOR_SILENT_AFTER, from_json

if TYPE_CHECKING:
    from datetime import datetime

    from rollout.policy.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class LatestEvaluation:
    """The newest evaluation. `is_silent`: it is too old to count."""

    verdicts: tuple[Verdict, ...] = ()
    at: datetime | None = None
    is_silent: bool = True


def latest_verdicts() -> LatestEvaluation:
    """Return the newest evaluation's verdicts: one query."""
    newest = Evaluation.objects.order_by("-id").first()
    if newest is None:
        return LatestEvaluation()
    return LatestEvaluation(
        verdicts=tuple(map(from_json, newest.verdicts)),
        at=newest.at,
        is_silent=clock.now() - newest.at > EVALUATOR_SILENT_AFTER,
    )


# rollout_is_forgettable() checks the age and near incidents, also in the triggers.
MOST = 2_000
MOST_STEPS = 100
JUDGEMENTS = """
DELETE FROM rollout_evaluation WHERE id IN (
    SELECT id FROM rollout_evaluation
    WHERE at < now() - interval '90 days' AND rollout_is_forgettable(at)
        AND action = 'none' AND NOT acted AND rollback_id IS NULL
    ORDER BY at LIMIT %s)
"""
PROBES = """
DELETE FROM rollout_checkrun WHERE id IN (
    SELECT id FROM rollout_checkrun
    WHERE kind = 'probe' AND passed AND rollout_is_forgettable(finished_at)
    ORDER BY id LIMIT %s)
"""


def purge() -> int:
    """Delete old evaluations without an action and passed probes; return their number."""
    return sum(_forget(statement) for statement in (JUDGEMENTS, PROBES))


def _forget(statement: str) -> int:
    total = 0
    for _ in range(MOST_STEPS):
        with connection.cursor() as cursor:
            cursor.execute(statement, [MOST])
            count = cursor.rowcount
        total += count
        if count < MOST:
            break
    return total
