"""Classify database errors: transient (away, busy, full, read-only) or not."""

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
# A standby, a full disk that allows no writes, or a transaction ended by a time-out.
# The driver reports these as internal errors.
STATES = frozenset({"25006", "25P03", "25P04"})


def is_transient(error: BaseException) -> bool:
    """Tell whether the same operation may succeed later."""
    if isinstance(error, AWAY):
        return True
    states = {getattr(each, "sqlstate", None) for each in (error, error.__cause__)}
    return not STATES.isdisjoint(states)


@contextmanager
def as_command_error() -> Iterator[None]:
    """Turn a database error into the end of a command, without its detail."""
    try:
        yield
    except Error as error:
        raise CommandError(
            f"The database did not do it: {type(error).__name__}."
            " Is it reachable, and migrated?"
        ) from error
