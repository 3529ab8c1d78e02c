"""Read all flags in one statement, so that a change is seen completely or not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from easymo.database.answers import BoundedConnection
from rollout.policy.effective_flag import BUCKETS, FlagRule
from rollout.policy.stages import SMOKE_COHORT

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg
    from django.db.backends.base.base import BaseDatabaseWrapper

    type Connection = BaseDatabaseWrapper | psycopg.Connection[Any]

# Read twice a second by every process: three rows by key, and the four flags.
# The snapshot counts as old a second later; its statements take a millisecond.
ANSWER_S = 3.0
VERSION = """
SELECT epoch.version, lease.ticked_at,
       coalesce(run.stage IN ('beta', 'production'), FALSE) OR EXISTS (
           SELECT FROM rollout_agentflag AS flag
           WHERE flag.name <> ALL (%(forced_off)s::text[]) AND (
               flag.everyone OR flag.everyone IS NULL AND (
                   flag.percent > 0 OR EXISTS (
                       SELECT FROM rollout_agentflag_cohorts AS link
                       JOIN rollout_cohort AS cohort ON cohort.id = link.cohort_id
                       WHERE link.agentflag_id = flag.id
                       AND cohort.name <> %(smoke)s))))
FROM rollout_epoch AS epoch
LEFT JOIN rollout_evaluatorlease AS lease ON lease.id = 1
LEFT JOIN rollout_plan AS plan ON plan.id = 1
LEFT JOIN rollout_stagerun AS run ON run.id = plan.run_id
WHERE epoch.id = 1
"""
FLAGS = """
SELECT
    (SELECT version FROM rollout_epoch WHERE id = 1),
    flag.name, flag.everyone, flag.percent, flag.salt,
    coalesce(array_agg(DISTINCT cohort.name)
        FILTER (WHERE cohort.name IS NOT NULL), '{}'),
    coalesce(array_agg(member.subject)
        FILTER (WHERE member.subject IS NOT NULL), '{}'),
    (SELECT functions_removed FROM rollout_epoch WHERE id = 1)
FROM rollout_agentflag AS flag
LEFT JOIN rollout_agentflag_cohorts AS link ON link.agentflag_id = flag.id
LEFT JOIN rollout_cohort AS cohort ON cohort.id = link.cohort_id
LEFT JOIN rollout_cohortmember AS member ON member.cohort_id = cohort.id
GROUP BY flag.id
"""


@dataclass(frozen=True, slots=True)
class FlagReading:
    version: int
    rules: dict[str, FlagRule]
    functions_removed: bool


def threshold(percent: Decimal | None) -> int:
    return int((percent or Decimal(0)) * BUCKETS / 100)


@dataclass(frozen=True, slots=True)
class EpochReading:
    """The epoch, the last evaluation, and whether customers may be served.

    They may in beta and production, and when a feature is on outside cohort `smoke`.
    """

    version: int
    ticked_at: datetime | None
    is_exposed: bool


def read_epoch(connection: Connection) -> EpochReading:
    with connection.cursor() as cursor:
        cursor.execute(
            VERSION,
            {"forced_off": list(settings.FEATURES_FORCED_OFF), "smoke": SMOKE_COHORT},
        )
        row = cursor.fetchone()
    return EpochReading(*row) if row else EpochReading(0, None, is_exposed=False)


def read_flags(connection: Connection) -> FlagReading:
    with connection.cursor() as cursor:
        cursor.execute(FLAGS)
        rows = cursor.fetchall()
    return FlagReading(
        version=rows[0][0] or 0 if rows else 0,
        rules={row[1]: rule_of(row[:-1]) for row in rows},
        functions_removed=bool(rows and rows[0][-1]),
    )


def rule_of(row: tuple[Any, ...]) -> FlagRule:
    _version, name, everyone, percent, salt, cohorts, members = row
    return FlagRule(
        flag=name,
        everyone=everyone,
        salt=salt,
        threshold=threshold(percent),
        cohorts=frozenset(cohorts),
        members=frozenset(members),
        forced_off=name in settings.FEATURES_FORCED_OFF,
    )


def own_connection() -> psycopg.Connection[Any]:
    """Open a connection outside the pool of Django, with short time-outs.

    A psycopg connection, because Django refuses to connect in a coroutine.
    """
    params = connections[DEFAULT_DB_ALIAS].get_connection_params()
    for name in ("context", "cursor_factory"):
        params.pop(name, None)
    params |= {"connect_timeout": 2, "tcp_user_timeout": 3000, "keepalives_idle": 5}
    made = BoundedConnection.connect(**params, autocommit=True)
    made.answer_s = ANSWER_S
    return made
