from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from rollout.core.features import Feature
from rollout.core.probes import is_probe
from rollout.locks import FENCE
from rollout.policy import effective_flag
from rollout.snapshot.reading import rule_of

# Two statements, one round trip: the second must not see less than the lock waited
# for, so it may never be one statement with the first.
GUARD = """
SELECT pg_advisory_xact_lock_shared(%s);
SELECT
    0, flag.name, flag.everyone, flag.percent, flag.salt,
    ARRAY(SELECT link.cohort_id::text FROM rollout_agentflag_cohorts AS link
          WHERE link.agentflag_id = flag.id),
    ARRAY(SELECT member.subject FROM rollout_agentflag_cohorts AS link
          JOIN rollout_cohortmember AS member ON member.cohort_id = link.cohort_id
          WHERE link.agentflag_id = flag.id AND member.subject = %s)
FROM rollout_agentflag AS flag WHERE flag.name = %s
"""


def guard(*, subject: str | None) -> bool:
    """Enter the fence and tell whether vouchers may change for `subject`.

    Must be the first statement of the transaction that changes them. None asks
    whether vouchers are on for anyone.
    """
    if Feature.VOUCHERS in settings.FEATURES_FORCED_OFF:
        return False
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "The fence holds only inside a transaction."
        )
    with connection.cursor() as cursor:
        cursor.execute(GUARD, [FENCE, subject, Feature.VOUCHERS.value])
        cursor.nextset()
        row = cursor.fetchone()
    rule = rule_of(row) if row else None
    if subject is None:
        return effective_flag.is_on_for_anyone(rule)
    return effective_flag.decide(rule, subject, is_probe=is_probe(subject)).on
