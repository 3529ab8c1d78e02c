from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from agents.runtime.model import ModelError
from agents.runtime.openai_model import OpenAIModel, close_clients
from agents.services.turns.means import Means
from agents.services.turns.run import run_turn
from agents.services.turns.timing import Timing
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
async def online(openai: FakeOpenAI) -> AsyncIterator[Means]:
    """OpenAI answers, as scripted."""
    model = OpenAIModel(
        name="gpt-5-mini", api_key=openai.api_key, base_url=openai.base_url
    )
    yield Means(model=model, timing=QUICK)
    await close_clients()


@pytest.fixture
def offline() -> Means:
    """No key: the offline model answers."""
    return Means(model=None, timing=QUICK)


class Failing:
    """OpenAI, failing."""

    name = "gpt-5-mini"

    async def respond(self, request: object) -> Any:
        raise ModelError("server_error")


async def turn(person: Person, means: Means) -> list[int]:
    return await run_turn(conversation_id=person.chat.pk, means=means)


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
    """Wait until the model was asked so often."""
    await until(lambda: len(openai.requests) >= times)


async def until(holds: Callable[[], object], *, seconds: float = 90.0) -> None:
    """Wait for something that another task or thread does."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.01)
