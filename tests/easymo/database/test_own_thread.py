from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import connection

from easymo.database import units


async def test_run__a_query__in_a_thread_of_its_own(committed_db: str) -> None:
    def look() -> tuple[str, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return threading.current_thread().name, cursor.fetchone()[0]

    assert await units.run_in_own_thread(look) == ("aside", 1)


async def test_run__raises__where_it_is_awaited() -> None:
    def broken() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await units.run_in_own_thread(broken)


def test_run__told_to_stop__nobody_waits_for_the_thread() -> None:
    """A probe that waits for half a minute does not hold up a deploy."""
    begun, done = threading.Event(), threading.Event()
    ended: list[bool] = []

    def probe() -> None:
        begun.set()
        ended.append(done.wait(250))

    async def stop_early() -> None:
        task = asyncio.create_task(units.run_in_own_thread(probe))
        assert await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_early())
    assert ended == []
    done.set()
