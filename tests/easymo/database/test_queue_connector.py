from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
from django.test import override_settings
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from easymo.database import queue_connector
from easymo.database.queue_connector import PatientConnector
from easymo.settings.database_url import parse_database_url
from rollout.snapshot import refreshers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from procrastinate.manager import JobManager


def test_connect_parameters__pooled_without_another_way__is_none() -> None:
    with override_settings(DATABASE_LISTEN=None):
        assert queue_connector.connect_parameters() is None


@pytest.mark.parametrize("options", ["", "&connect_timeout=3&application_name=x"])
def test_listening_url__as_it_was_parsed__can_be_connected_to(
    committed_db: str, options: str
) -> None:
    # Given
    joined = committed_db + (
        options if "?" in committed_db else options.replace("&", "?", 1)
    )
    listen = parse_database_url("DATABASE_LISTEN_URL", joined)

    # When
    with (
        override_settings(DATABASE_LISTEN=listen.parameters()),
        refreshers.listening() as connection,
    ):
        # Then
        connection.execute("LISTEN rollout")


@pytest.fixture
async def queue(committed_db: str) -> AsyncIterator[Queue]:
    connector = CountingConnector()
    async with App(connector=connector).open_async() as app:
        yield Queue(app.job_manager, connector, await app.job_manager.register_worker())


async def test_fetch__nothing_is_left__asks_again_only_after_the_interval(
    queue: Queue,
) -> None:
    # Given
    await queue.defer("first")

    # When: the worker asks until there is no job, and once more after its interval
    found = [await queue.fetch() for _ in range(3)]

    # Then
    assert found == ["first", None, None]
    assert queue.connector.asked == 2


async def test_fetch__more_jobs_than_one__fetches_all_without_a_notification(
    queue: Queue,
) -> None:
    # Given
    for name in ("first", "second", "third"):
        await queue.defer(name)

    # When
    found = [await queue.fetch() for _ in range(4)]

    # Then
    assert found == ["first", "second", "third", None]


async def test_fetch__job_arrives_after_the_last_one__is_fetched_at_once(
    queue: Queue,
) -> None:
    # Given: a worker that listens, and fetches the only job
    told = asyncio.Event()
    ready = asyncio.Event()
    listener = asyncio.create_task(queue.listen(told, ready))
    async with asyncio.timeout(60):
        await ready.wait()
        await queue.defer("first")
        await told.wait()
        assert await queue.fetch() == "first"

        # When
        told.clear()
        await queue.defer("second")
        await told.wait()

    # Then
    assert await queue.fetch() == "second"
    listener.cancel()


async def test_finish__jobs_that_end_together__one_statement(queue: Queue) -> None:
    # Given
    jobs = await queue.begin("first", "second", "third")
    # What the sweep does with the job of a worker that it takes for dead.
    [swept] = [job for job in jobs if job.task_name == "second"]
    await queue.manager.finish_job(swept, Status.FAILED, delete_job=False)
    before = queue.connector.ended

    # When
    await asyncio.gather(
        *(queue.manager.finish_job(job, Status.SUCCEEDED, True) for job in jobs)
    )

    # Then
    assert queue.connector.ended == before + 1
    left = await queue.manager.list_jobs_async()
    assert [(job.task_name, job.status) for job in left] == [("second", "failed")]


async def test_finish__database_refuses__every_job_learns_it(queue: Queue) -> None:
    # Given
    jobs = await queue.begin("first", "second")

    # When
    ends = await asyncio.gather(
        *(queue.manager.finish_job(job, Status.DOING, True) for job in jobs),
        return_exceptions=True,
    )

    # Then
    assert [type(end) for end in ends] == [ConnectorException] * 2


class CountingConnector(PatientConnector):
    """Counts the statements that reach the database."""

    asked = ended = 0

    async def _patiently(
        self, call: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any
    ) -> Any:
        self.asked += args[:1] == (queue_connector.FETCH_AND_LOOK,)
        self.ended += args[:1] == (queue_connector.END_ALL,)
        return await super()._patiently(call, *args, **kwargs)


class Queue(NamedTuple):
    """The queue as a worker of the library uses it."""

    manager: JobManager
    connector: CountingConnector
    worker_id: int

    async def defer(self, name: str) -> None:
        job = Job(
            id=None,
            queue="q",
            lock=None,
            queueing_lock=None,
            task_name=name,
            task_kwargs={},
        )
        await self.manager.defer_job_async(job)

    async def fetch(self) -> str | None:
        job = await self.manager.fetch_job(queues=None, worker_id=self.worker_id)
        return job.task_name if job else None

    async def begin(self, *names: str) -> list[Job]:
        """Enqueue jobs, then fetch them."""
        for name in names:
            await self.defer(name)
        found = [
            await self.manager.fetch_job(queues=None, worker_id=self.worker_id)
            for _ in names
        ]
        return [job for job in found if job is not None]

    async def listen(self, told: asyncio.Event, ready: asyncio.Event) -> None:
        """Set `told` at each notification, and `ready` once it listens."""

        async def note(**_: object) -> None:
            told.set()

        listening = asyncio.create_task(
            self.manager.listen_for_jobs(on_notification=note)
        )
        try:
            while not self.is_listening():  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.01)
            ready.set()
            await listening
        finally:
            listening.cancel()

    def is_listening(self) -> bool:
        """Tell whether a connection has begun to listen."""
        with psycopg.connect(**queue_connector.direct_parameters()) as connection:
            found = connection.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity"
                " WHERE query ILIKE 'LISTEN%' AND state = 'idle'"
                " AND datname = current_database())"
            ).fetchone()
        return bool(found and found[0])
