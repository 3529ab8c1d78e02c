"""Which errors of the database pass: it could not, rather than would not."""

from __future__ import annotations

import psycopg
from django.db import InterfaceError, OperationalError

AWAY = (
    InterfaceError,
    OperationalError,
    psycopg.InterfaceError,
    psycopg.OperationalError,
)
# A standby, or a disk so full that nobody may write any more; a transaction that was
# ended because it took, or slept, for too long. The driver counts them as internal.
STATES = frozenset({"25006", "25P03", "25P04"})


def is_passing(error: BaseException) -> bool:
    """Tell whether the same may be done later: away, busy, full or read-only."""
    if isinstance(error, AWAY):
        return True
    states = {getattr(each, "sqlstate", None) for each in (error, error.__cause__)}
    return not STATES.isdisjoint(states)
