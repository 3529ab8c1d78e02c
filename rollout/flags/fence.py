"""The fence: no voucher transaction commits after a kill has returned.

A voucher transaction takes the fence shared (`guard`, named by `VOUCHER_GUARD`) and then
reads the flag row. A change that turns a feature off takes it exclusively (`close_fence`)
until it commits. Both locks end with the transaction, so they work through a transaction
pooler.
"""

from __future__ import annotations

from django.conf import settings
from django.db import OperationalError, connection, transaction

from rollout import locks
from rollout.core.features import Feature
from rollout.core.probes import is_probe
from rollout.policy import effective_flag
from rollout.snapshot.reading import rule_of

FENCE = 0x6561_7379_6D6F_0001  # "easymo", 1
# Two statements in one round trip: the second must see what committed while the first
# waited for the lock, so they cannot be one statement.
GUARD_SQL = """
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
    """Lock the fence and tell whether vouchers may change for `subject`.

    Must be the first statement of the voucher transaction. None: whether vouchers are
    on for anyone.
    """
    if Feature.VOUCHERS in settings.FEATURES_FORCED_OFF:
        return False
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "The fence holds only inside a transaction."
        )
    with connection.cursor() as cursor:
        cursor.execute(GUARD_SQL, [FENCE, subject, Feature.VOUCHERS.value])
        cursor.nextset()
        row = cursor.fetchone()
    rule = rule_of(row) if row else None
    if subject is None:
        return effective_flag.is_on_for_anyone(rule)
    return effective_flag.decide(rule, subject, is_probe=is_probe(subject)).on


def close_fence() -> bool:
    """Wait for running voucher transactions; False when they did not end in time."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{locks.WAIT}'")
        try:
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FENCE])
        except OperationalError:
            return False
    return True
