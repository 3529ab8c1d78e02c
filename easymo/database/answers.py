"""Connections that do not wait for an answer without end.

The database ends a statement after its own time-out, and TCP notices a network that
drops packets. Neither helps against a proxy that acknowledges everything and forwards
nothing: only the caller can notice that no answer comes. Then the connection is closed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.abc import PQGen

# Longer than the time-out of a statement in the database, 30 s.
ANSWER_S = 45.0
INTERVAL_S = 0.1


class Unanswered(psycopg.OperationalError):
    """The database did not answer in time; what it did is not known."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose statements are answered in time, or fail."""

    # None: without a limit.
    answer_s: float | None = ANSWER_S

    def wait[T](
        self,
        gen: PQGen[T],
        interval: float = INTERVAL_S,
        timeout: float | None = None,
    ) -> T:
        """Wait for an answer; a time that the caller names itself has precedence."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_s)
        except _WaitTimeout as error:
            _give_up(self, error)


class BoundedAsyncConnection(psycopg.AsyncConnection[Any]):
    """The same for coroutines."""

    answer_s: float | None = ANSWER_S

    async def wait[T](
        self,
        gen: PQGen[T],
        interval: float = INTERVAL_S,
        timeout: float | None = None,  # noqa: ASYNC109 - as the driver declares it
    ) -> T:
        """Wait for an answer; a time that the caller names itself has precedence."""
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        try:
            return await super().wait(gen, interval, self.answer_s)
        except _WaitTimeout as error:
            _give_up(self, error)


@contextmanager
def without_limit() -> Iterator[None]:
    """Let statements of this process take any time, for migrations."""
    before = BoundedConnection.answer_s
    BoundedConnection.answer_s = None
    try:
        yield
    finally:
        BoundedConnection.answer_s = before


@contextmanager
def answered_within(connection: Any, seconds: float) -> Iterator[None]:
    """Give the statements of one connection less time."""
    connection.answer_s = seconds
    try:
        yield
    finally:
        del connection.answer_s


def _give_up(
    connection: BoundedConnection | BoundedAsyncConnection, error: _WaitTimeout
) -> NoReturn:
    # Closed without a message to the server: it would not arrive either.
    if connection.pgconn.transaction_status != TransactionStatus.UNKNOWN:
        connection.pgconn.finish()
    raise Unanswered("The database did not answer in time.") from error
