from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models.functions import Now

from agents.models import Message
from agents.turns.quiet_time import Timing
from tests.agents.turns.conftest import in_database, jobs, turn

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast

SLOW = Timing(quiet_after_text=3600.0, quiet_at_most=3600.0)


class Listening:
    """A clock whose sleeps end when the test says so."""

    def __init__(self) -> None:
        self.slept = 0
        self.asleep = asyncio.Event()
        self.wake = asyncio.Event()

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.asleep.set()
        await self.wake.wait()


async def test_run_turn__quiet_time_left__no_turn_is_open(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    clock = Listening()
    await in_database(cast.aline.writes, "hello")
    listening = asyncio.create_task(
        turn(cast.aline, replace(offline, timing=SLOW, clock=clock))
    )
    await clock.asleep.wait()

    # Then
    assert await in_database(lambda: cast.aline.turns) == []

    # When: the worker stops
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening

    # Then: a turn is enqueued at once
    assert ("agents.tasks.turn", cast.aline.chat.pk) in await in_database(jobs)
    await turn(cast.aline, offline)
    assert len(await in_database(lambda: cast.aline.replies)) == 1


async def test_run_turn__customer_writes_on__one_job_waits_and_answers_all(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    clock = Listening()
    dependencies = replace(offline, timing=SLOW, clock=clock)
    await in_database(cast.aline.writes, "hello")
    first = asyncio.create_task(turn(cast.aline, dependencies))
    await clock.asleep.wait()

    # When
    await in_database(cast.aline.writes, "are you there")
    async with asyncio.timeout(90):
        assert await turn(cast.aline, dependencies) == []
    await in_database(
        Message.objects.update, received_at=Now() - timedelta(seconds=3600)
    )
    clock.wake.set()

    # Then
    assert len(await first) == 1
    assert clock.slept == 1
    [only] = await in_database(lambda: cast.aline.turns)
    answered = await in_database(lambda: list(only.messages.all()))
    assert len(answered) == 2
    assert {message.state for message in answered} == {Message.State.DONE}
