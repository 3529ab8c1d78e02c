"""The worker's connection to the queue; it survives an outage of the database.

The library's worker ends when one of its statements fails, together with the jobs that
it runs. Here a statement waits until the database is back, or until the worker is told
to stop.

Two statements of the library are replaced by others that do the same for less. A fetched
job comes with the answer whether more jobs wait: where none does, the queue is not asked
again before it notifies. Jobs that end shortly after each other are ended together.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.db import connections
from procrastinate import PsycopgConnector, sql
from procrastinate.connector import LISTEN_TIMEOUT
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool

from easymo.database.answers import BoundedAsyncConnection
from easymo.database.errors import is_transient
from easymo.database.units import Shared
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from procrastinate.connector import Notify

logger = get_logger(__name__)

POOL_SIZE = 4
FIRST_WAIT = 0.2
LONGEST_WAIT = 2.0
# How long the end of a job waits for others. Its work is done and committed.
END_WAIT_S = 0.1

FETCH = sql.queries["fetch_job"]
# The statement sees the queue as it was before the fetch. A job that is planned for
# later counts as waiting: then the queue is asked once more.
FETCH_AND_LOOK = f"""
SELECT job.*, EXISTS (
    SELECT FROM procrastinate_jobs AS other
    WHERE other.status = 'todo' AND other.id <> job.id
) AS has_more
FROM ({FETCH.rstrip().rstrip(";")}) AS job
"""  # noqa: S608 - the library's text
END = sql.queries["finish_job"]
# A job that the sweep has ended meanwhile is left as it is.
END_ALL = """
SELECT procrastinate_finish_job_v1(job.id, ended.status, ended.is_deleted)
FROM unnest(
    %(ids)s::bigint[], %(statuses)s::procrastinate_job_status[], %(deleted)s::boolean[]
) AS ended (id, status, is_deleted)
JOIN procrastinate_jobs AS job USING (id)
WHERE job.status = 'doing'
"""


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
        # Nothing waited at the last fetch; the queue has notified since it began.
        self._is_empty = False
        self._has_news = False
        self._ended: list[dict[str, Any]] = []
        self._ending = Shared(self._end_jobs)

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
        if query == END:
            self._ended.append(arguments)
            await self._ending.run()
            return
        await self._patiently(super().execute_query_async, query, **arguments)

    async def execute_query_one_async(
        self, query: Any, **arguments: Any
    ) -> dict[str, Any]:
        """Execute for one row once the database is available."""
        if query == FETCH:
            return await self._fetch(arguments)
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

        async def note(*, channel: str, payload: str) -> None:
            self._has_news = True
            await on_notification(channel=channel, payload=payload)

        await self._patiently(super().listen_notify, note, list(channels))

    async def _loop_notify(
        self, on_notification: Notify, connection: psycopg.AsyncConnection, **_: Any
    ) -> None:
        """Wait for notifications; the library sets a timer for each of them."""
        with suppress(psycopg.OperationalError):
            while True:
                async for each in connection.notifies(timeout=LISTEN_TIMEOUT):
                    await on_notification(channel=each.channel, payload=each.payload)
                await connection.execute("SELECT 1")

    async def _fetch(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fetch a job; without a statement where the last fetch left none behind."""
        was_empty, self._is_empty = self._is_empty, False
        if was_empty and not self._has_news:
            # Only once: the worker asks again after its interval.
            return {"id": None}
        self._has_news = False
        found: dict[str, Any] = await self._patiently(
            super().execute_query_one_async, FETCH_AND_LOOK, **arguments
        )
        has_more = found.pop("has_more")
        self._is_empty = found["id"] is not None and not has_more
        return found

    async def _end_jobs(self) -> None:
        """End the jobs whose work is done, together with those that follow at once."""
        await asyncio.sleep(END_WAIT_S)
        ended, self._ended = self._ended, []
        await self._patiently(
            super().execute_query_async,
            END_ALL,
            ids=[each["job_id"] for each in ended],
            statuses=[each["status"] for each in ended],
            deleted=[each["delete_job"] for each in ended],
        )

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
