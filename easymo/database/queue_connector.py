"""The worker's connection to the queue; it survives an outage of the database.

The library's worker ends when one of its statements fails, together with the jobs that
it runs. Here a statement waits until the database is back, or until the worker is told
to stop.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool

from easymo.database.answers import BoundedAsyncConnection
from easymo.database.errors import is_transient
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import psycopg
    from procrastinate.connector import Notify

logger = get_logger(__name__)

POOL_SIZE = 4
FIRST_WAIT = 0.2
LONGEST_WAIT = 2.0


class PatientConnector(PsycopgConnector):
    """A connector whose statements wait for the database until the worker stops."""

    def __init__(self) -> None:
        # The direct connection where there is one: the library also listens on it.
        direct = connect_parameters()
        parameters = direct or direct_parameters()
        super().__init__(
            # Prepared statements stay valid where no pooler switches the connection.
            kwargs={**parameters, "prepare_threshold": 0 if direct else None},
            configure=_commit_each_statement,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=5.0,
            # A longer time-out means longer pauses between attempts, up to half of it.
            reconnect_timeout=1.0,
            name="queue",
        )
        self.is_hurried = False

    async def _create_pool(self, pool_args: dict[str, Any]) -> AsyncConnectionPool:
        """Do not check connections before use: a dead one fails once and is replaced."""
        return AsyncConnectionPool(
            **pool_args, connection_class=BoundedAsyncConnection, open=False
        )

    def hurry(self) -> None:
        """Stop waiting: the worker stops."""
        self.is_hurried = True

    async def open_async(self, pool: AsyncConnectionPool | None = None) -> None:
        """Open without waiting: the first statement waits like any other."""
        opened = pool or await self._create_pool(self._pool_args)
        if pool is None:
            await opened.open(wait=False)
        await super().open_async(pool=opened)
        self._pool_externally_set = pool is not None

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """Execute once the database is available."""
        await self._patiently(super().execute_query_async, query, **arguments)

    async def execute_query_one_async(
        self, query: Any, **arguments: Any
    ) -> dict[str, Any]:
        """Execute for one row once the database is available."""
        found: dict[str, Any] = await self._patiently(
            super().execute_query_one_async, query, **arguments
        )
        return found

    async def execute_query_all_async(
        self, query: Any, **arguments: Any
    ) -> list[dict[str, Any]]:
        """Execute for all rows once the database is available."""
        found: list[dict[str, Any]] = await self._patiently(
            super().execute_query_all_async, query, **arguments
        )
        return found

    async def listen_notify(
        self, on_notification: Notify, channels: Iterable[str]
    ) -> None:
        """Listen; after a broken connection, listen again."""
        await self._patiently(super().listen_notify, on_notification, list(channels))

    async def _patiently(
        self, call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> Any:
        wait = FIRST_WAIT
        while True:
            try:
                return await call(*args, **kwargs)
            except ConnectorException as error:
                if self.is_hurried or not is_transient(error.__cause__ or error):
                    raise
                logger.warning("worker.database.waiting", seconds=wait)
                # Replace both connections when one of them breaks.
                await self.pool.check()
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)


async def _commit_each_statement(connection: psycopg.AsyncConnection) -> None:
    """Make each statement one transaction and one round trip."""
    await connection.set_autocommit(True)


NOT_PSYCOPGS = ("context", "cursor_factory", "prepare_threshold")


def connect_parameters() -> dict[str, Any] | None:
    """Return psycopg's parameters for LISTEN; None: LISTEN is impossible, so poll."""
    if settings.DATABASE_LISTEN is None:
        return None
    if settings.DATABASE_LISTEN:
        return dict(settings.DATABASE_LISTEN)
    return direct_parameters()


def direct_parameters() -> dict[str, Any]:
    """Return psycopg's parameters for Django's own database."""
    found = connections["default"].get_connection_params()
    return {key: value for key, value in found.items() if key not in NOT_PSYCOPGS}
