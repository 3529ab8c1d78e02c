"""Check that a pooled connection is alive, at most once per second.

A unit of work borrows a connection for a few milliseconds. Checking each time costs a
round trip; never checking makes the first units after an outage fail.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from psycopg_pool import ConnectionPool

from easymo.database.answers import answered_within

if TYPE_CHECKING:
    import psycopg

FRESH_S = 1.0
# A statement that does nothing is answered in milliseconds.
ANSWER_S = 5.0

_asked_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()


def check(connection: psycopg.Connection[Any]) -> None:
    """Raise when the connection is dead; skip the check within a second of the last
    one.
    """
    now = time.monotonic()
    if now - _asked_at.get(connection, -FRESH_S) < FRESH_S:
        return
    with answered_within(connection, ANSWER_S):
        ConnectionPool.check_connection(connection)
    _asked_at[connection] = now
