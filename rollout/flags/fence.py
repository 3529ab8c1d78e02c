"""The fence: no voucher transaction commits after a kill has returned.

A voucher transaction takes the fence shared (`guard`, named by `VOUCHER_GUARD`) and then
reads the flag row. The database function `voucher_feature_on` does both; the functions
that change vouchers call it again for the owner in the voucher's row. A change that turns
a feature off takes the fence exclusively (`close_fence`) until it commits. Both locks end
with the transaction, so they work through a transaction pooler.
"""

from __future__ import annotations

from django.conf import settings
from django.db import OperationalError, connection, transaction

from rollout import locks
from rollout.core.features import Feature
from rollout.core.probes import is_probe

FENCE = 0x6561_7379_6D6F_0001  # "easymo", 1
# Two statements in one round trip: the second must see what committed while the first
# waited for the lock, so they cannot be one statement.
GUARD_SQL = """
SELECT pg_advisory_xact_lock_shared(%s), set_config('easymo.probe', %s, true);
SELECT voucher_feature_on(%s);
"""

OFF_SQL = """
SELECT pg_advisory_xact_lock_shared(%s);
SELECT EXISTS (
    SELECT FROM rollout_agentflag WHERE name = %s AND everyone IS DISTINCT FROM false
);
"""


def guard(*, subject: str | None) -> bool:
    """Lock the fence and tell whether vouchers may change for the owner `subject`.

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
        probe = subject if is_probe(subject) else ""
        cursor.execute(GUARD_SQL, [FENCE, probe, subject])
        cursor.nextset()
        return bool(cursor.fetchone()[0])


def is_turned_off(feature: Feature) -> bool:
    """Take the fence, and read whether a feature is off for everyone.

    For a change that also needs another feature than vouchers, in its transaction: the
    snapshot of a process may be a moment older than a kill that has returned.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "The fence holds only inside a transaction."
        )
    with connection.cursor() as cursor:
        cursor.execute(OFF_SQL, [FENCE, str(feature)])
        cursor.nextset()
        return not cursor.fetchone()[0]


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
