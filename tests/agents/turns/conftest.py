from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from agents.core.openai_clients import close_clients
from agents.llm.model import ModelError
from agents.llm.openai_client import OpenAIModel
from agents.turns.quiet_time import Timing
from agents.turns.run import TurnDependencies, run_turn
from easymo.database import units
from tests.agents.cast import Cast, Person, make_cast
from tests.fakes.openai import FakeOpenAI

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

QUICK = Timing(quiet_after_text=0.0, quiet_after_media=0.0)


@pytest.fixture
def cast(committed_db: str) -> Cast:
    return make_cast()


@pytest.fixture
def openai() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture
async def online(openai: FakeOpenAI) -> AsyncIterator[TurnDependencies]:
    """OpenAI gives the scripted answers."""
    model = OpenAIModel(
        name="gpt-5-mini", api_key=openai.api_key, base_url=openai.base_url
    )
    yield TurnDependencies(model=model, timing=QUICK)
    await close_clients()


@pytest.fixture
def offline() -> TurnDependencies:
    """No key: the offline model answers."""
    return TurnDependencies(model=None, timing=QUICK)


class Failing:
    """OpenAI fails."""

    name = "gpt-5-mini"

    async def respond(self, request: object) -> Any:
        raise ModelError("server_error")


async def turn(person: Person, dependencies: TurnDependencies) -> list[int]:
    ended = await run_turn(conversation_id=person.chat.pk, dependencies=dependencies)
    return list(ended.outbound_ids)


in_database = units.run


def jobs() -> list[tuple[str, int]]:
    """Return the waiting jobs of the queue, by name and conversation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, (args->>'conversation_id')::bigint "
            "FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
        )
        return list(cursor.fetchall())


async def asked(openai: FakeOpenAI, times: int) -> None:
    """Wait until the model was asked that many times."""
    await until(lambda: len(openai.requests) >= times)


async def until(holds: Callable[[], object], *, seconds: float = 90.0) -> None:
    """Wait for something that another task or thread does."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.01)
