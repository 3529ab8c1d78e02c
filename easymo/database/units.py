"""Database work off the event loop, in short units.

``sync_to_async`` has one thread for everybody, or else threads that never hand their
connection back to Django's pool. A job holds hundreds of conversations open while a
model thinks; a unit borrows a thread and a connection and gives both back.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connections, reset_queries

from easymo.database.passing import is_passing

if TYPE_CHECKING:
    from collections.abc import Callable

# For so long a database that is away is waited for, where something would be lost.
PATIENCE_S = 120.0
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0
_executors: dict[int, ThreadPoolExecutor] = {}


async def run[**P, T](
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``function`` in a database thread, in a copy of the caller's context.

    Never await a network or a model between two statements of one unit: a unit is
    one service call.
    """
    context = contextvars.copy_context()
    call = functools.partial(
        _unit, context, functools.partial(function, *args, **kwargs)
    )
    return await asyncio.get_running_loop().run_in_executor(_executor(), call)


async def run_patiently[**P, T](
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run what nobody could find out later: again while the database is away.

    For what may be done twice: that a commit was lost may be all that went wrong.
    """
    end = time.monotonic() + PATIENCE_S
    wait = FIRST_WAIT_S
    while True:
        try:
            return await run(function, *args, **kwargs)
        except Exception as error:
            if not is_passing(error) or time.monotonic() + wait > end:
                raise
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_S)


def _unit[T](context: contextvars.Context, call: Callable[[], T]) -> T:
    try:
        return context.run(call)
    finally:
        reset_queries()
        # With the pool, closing hands the connection back.
        connections.close_all()


def _executor() -> ThreadPoolExecutor:
    """Return this process's executor; a fork starts with none."""
    pid = os.getpid()
    if pid not in _executors:
        _executors[pid] = ThreadPoolExecutor(
            max_workers=settings.DATABASE_THREADS, thread_name_prefix="database"
        )
    return _executors[pid]
