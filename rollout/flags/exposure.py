"""Which features are on for a subject; and the guard of voucher transactions.

Exposure is read from the snapshot, without a query. The guard reads the database behind
the fence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from rollout.core.features import Feature
from rollout.core.probes import is_probe
from rollout.locks import FENCE
from rollout.policy import effective_flag
from rollout.snapshot import flag_snapshot
from rollout.snapshot.reading import rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Exposure:
    """The four features for one subject, checked once and passed down as a value."""

    chat: bool
    voice: bool
    vouchers: bool
    customer_lookup: bool
    version: int
    reasons: Mapping[Feature, str]


def exposure_of(subject: str | None) -> Exposure:
    """Check all four in one snapshot; None is an unknown person."""
    now = flag_snapshot.current()
    decided = {feature: now.decide(feature, subject) for feature in Feature}
    return Exposure(
        chat=decided[Feature.CHAT].on,
        voice=decided[Feature.VOICE].on,
        vouchers=decided[Feature.VOUCHERS].on,
        customer_lookup=decided[Feature.CUSTOMER_LOOKUP].on,
        version=now.version,
        reasons={feature: str(d.reason) for feature, d in decided.items()},
    )


is_on = flag_snapshot.is_on
is_known_off = flag_snapshot.is_known_off


def is_on_for_anyone(feature: Feature) -> bool:
    now = flag_snapshot.current()
    return not now.stale and effective_flag.is_on_for_anyone(now.rules.get(feature))


def is_on_for_everyone(feature: Feature) -> bool:
    now = flag_snapshot.current()
    return not now.stale and effective_flag.is_on_for_everyone(now.rules.get(feature))


def functions_are_removed() -> bool:
    """Tell whether a full rollback has removed the functions."""
    return flag_snapshot.current().functions_removed


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
