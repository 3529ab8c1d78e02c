"""Which errors of the database pass: it could not, rather than would not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from django.core.management.base import CommandError
from django.db import Error, InterfaceError, OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def telling() -> Iterator[None]:
    """Turn an error of the database into the end of a command, without its detail."""
    try:
        yield
    except Error as error:
        raise CommandError(
            f"The database did not do it: {type(error).__name__}."
            " Is it reachable, and migrated?"
        ) from error
