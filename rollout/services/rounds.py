"""What is left of each minute's round: what was decided for ever, the rest for a while."""

from __future__ import annotations

from django.db import connection

# Their age, and the incidents near them: rollout_is_forgettable(), which the triggers
# on these tables ask as well.
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
    """Forget rounds that decided nothing, and probes that passed; say how many."""
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
