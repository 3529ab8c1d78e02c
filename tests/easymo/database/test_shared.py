from __future__ import annotations

import asyncio

import pytest

from easymo.database.units import Shared


async def test_run__asked_while_one_is_on__all_share_the_next() -> None:
    # Given
    runs: list[int] = []
    gate = asyncio.Event()

    async def job() -> None:
        runs.append(len(runs))
        await gate.wait()

    shared = Shared(job)
    first = asyncio.create_task(shared.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert runs == [0]

    # When
    others = [asyncio.create_task(shared.run()) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)

    # Then one began after they had asked
    assert runs == [0, 1]


async def test_run__one_who_waits_is_cancelled__goes_on_for_the_others() -> None:
    # Given
    done: list[bool] = []

    async def job() -> None:
        await asyncio.sleep(0.01)
        done.append(True)

    shared = Shared(job)
    first, second = (asyncio.create_task(shared.run()) for _ in range(2))
    await asyncio.sleep(0)

    # When
    first.cancel()
    await second

    # Then
    assert done == [True]


async def test_run__fails__everybody_hears_it_and_the_next_runs() -> None:
    # Given
    tries: list[int] = []

    async def job() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")

    shared = Shared(job)

    # When
    with pytest.raises(ValueError, match="once"):
        await shared.run()
    await shared.run()

    # Then
    assert len(tries) == 2
