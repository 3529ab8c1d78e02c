"""Database work off the event loop, in short units.

``sync_to_async`` offers one thread for everything, or threads that never return their
connection to Django's pool. A worker keeps hundreds of conversations open while a model
answers; a unit borrows a thread and a connection and returns both.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connections, reset_queries

from easymo.database.errors import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# How long to wait for a database that is away, where data would be lost otherwise.
PATIENCE_S = 120.0
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0
_executors: dict[int, ThreadPoolExecutor] = {}


async def run[**P, T](
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``function`` in a database thread, in a copy of the caller's context.

    Never await a network call or a model between two statements of one unit: a unit is
    one service call.
    """
    context = contextvars.copy_context()
    call = functools.partial(
        _unit, context, functools.partial(function, *args, **kwargs)
    )
    return await asyncio.get_running_loop().run_in_executor(_executor(), call)


async def run_until_available[**P, T](
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``function``; repeat it while the database is away.

    Only for idempotent functions: the commit may have succeeded although its answer was
    lost.
    """
    end = time.monotonic() + PATIENCE_S
    wait = FIRST_WAIT_S
    while True:
        try:
            return await run(function, *args, **kwargs)
        except Exception as error:
            if not is_transient(error) or time.monotonic() + wait > end:
                raise
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_S)


def _unit[T](context: contextvars.Context, call: Callable[[], T]) -> T:
    try:
        return context.run(call)
    finally:
        reset_queries()
        # With the pool, closing returns the connection to it.
        connections.close_all()


def _executor() -> ThreadPoolExecutor:
    """Return this process's executor; after a fork there is none yet."""
    pid = os.getpid()
    if pid not in _executors:
        _executors[pid] = ThreadPoolExecutor(
            max_workers=settings.DATABASE_THREADS, thread_name_prefix="database"
        )
    return _executors[pid]


async def run_in_own_thread[T](function: Callable[[], T]) -> T:
    """Run ``function`` in a daemon thread that does not delay the end of the process."""
    done: Future[T] = Future()
    # From here on the caller cannot cancel it.
    done.set_running_or_notify_cancel()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            done.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            done.set_exception(error)
        finally:
            connections.close_all()

    threading.Thread(target=work, name="aside", daemon=True).start()
    return await asyncio.wrap_future(done)


class Shared:
    """A job of which one run at a time serves all callers in this process."""

    def __init__(self, job: Callable[[], Awaitable[None]]) -> None:
        self._job = job
        # The last requested run, and whether it has begun.
        self._runs: WeakKeyDictionary[asyncio.AbstractEventLoop, _Run] = (
            WeakKeyDictionary()
        )

    async def run(self) -> None:
        """Return when a run that began after this call has ended; raise what it raises."""
        loop = asyncio.get_running_loop()
        run = self._runs.get(loop)
        if run is None or run.has_begun:
            run = _Run(self._job, after=run)
            self._runs[loop] = run
        # Cancelling one caller must not cancel the run for the others.
        await asyncio.shield(run.task)

    async def ask(self) -> None:
        """Request a run after this call; wait for it only when no other caller does.

        In this way many callers occupy two job slots, not all of them.
        """
        run = self._runs.get(asyncio.get_running_loop())
        if run is None or run.has_begun:
            await self.run()


class _Run:
    def __init__(self, job: Callable[[], Awaitable[None]], after: _Run | None) -> None:
        self.has_begun = False
        self.task: asyncio.Future[None] = asyncio.ensure_future(
            self._run(job, after.task if after is not None else None)
        )

    async def _run(
        self, job: Callable[[], Awaitable[None]], before: asyncio.Future[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        self.has_begun = True
        await job()
