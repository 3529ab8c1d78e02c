"""The typing indicator and read marks: once a turn, and never an obstacle."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import Conversation, Message, SendingLine, Turn
from agents.whatsapp import graph_client
from tests import payloads
from tests.agents.turns.conftest import asked, in_database, turn, until
from tests.fakes import openai_answers as say
from tests.fakes.graph import FakeGraph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_django.fixtures import SettingsWrapper

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast, Person
    from tests.fakes.openai import FakeOpenAI


@pytest.fixture
async def graph(cast: Cast, whatsapp: SettingsWrapper) -> AsyncIterator[FakeGraph]:
    with FakeGraph() as server:
        whatsapp.WHATSAPP_API_URL, whatsapp.WA_TOKEN = server.url, server.token
        yield server
        await graph_client.close()


def writes(person: Person, text: str) -> None:
    message = person.writes(text)
    Message.objects.filter(pk=message.pk).update(provider_id=f"wamid.{text}")


async def test_turn__asked_twice_of_the_model__one_indicator_for_its_last_message(
    cast: Cast, graph: FakeGraph, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(
        say.calls(*say.call("list_vouchers").output, held=True), say.text("None yet.")
    )
    await in_database(writes, cast.aline, "first")
    await in_database(writes, cast.aline, "second")

    # When
    running = asyncio.create_task(turn(cast.aline, online))
    await until(lambda: graph.read_receipts)
    openai.release()
    await running

    # Then
    openai.assert_complete()
    assert graph.read_receipts == ["wamid.second"]
    assert graph.rejected == []
    assert (await in_database(Turn.objects.get)).typing_shown_at is not None


async def test_turn__resumed_by_another_worker__no_second_indicator(
    cast: Cast, graph: FakeGraph, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: the first worker dies after it showed the indicator
    openai.script(say.hang())
    await in_database(writes, cast.aline, "hello")
    first = asyncio.create_task(turn(cast.aline, online))
    await asked(openai, 1)
    await until(lambda: graph.read_receipts)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    past = timezone.now()
    await in_database(lambda: Turn.objects.update(lease_expires_at=past))

    # When
    openai.script(say.text("Hello."))
    await turn(cast.aline, online)

    # Then
    assert len(await in_database(lambda: cast.aline.replies)) == 1
    assert graph.read_receipts == ["wamid.hello"]


async def test_turn__where_no_answer_can_follow__no_indicator(
    cast: Cast, graph: FakeGraph, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: our number is held back
    await in_database(
        lambda: SendingLine.objects.create(
            pk=payloads.PHONE_NUMBER_ID,
            held_until=timezone.now() + timedelta(minutes=5),
            error_code="190",
            holds=1,
        )
    )
    openai.script(say.text("Hello."))
    await in_database(writes, cast.aline, "hello")

    # When
    await turn(cast.aline, online)

    # Then
    assert (await in_database(Turn.objects.get)).typing_shown_at is None
    assert graph.read_receipts == []


async def test_turn__sandbox_person__no_indicator(
    cast: Cast, graph: FakeGraph, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    await in_database(
        lambda: Conversation.objects.filter(pk=cast.aline.chat.pk).update(
            is_synthetic=True
        )
    )
    openai.script(say.text("Hello."))
    await in_database(writes, cast.aline, "hello")

    await turn(cast.aline, online)

    assert (await in_database(Turn.objects.get)).typing_shown_at is None
    assert graph.read_receipts == []


async def test_turn__indicator_refused__still_answered(
    cast: Cast,
    graph: FakeGraph,
    online: TurnDependencies,
    openai: FakeOpenAI,
    whatsapp: SettingsWrapper,
) -> None:
    # Given
    whatsapp.WA_TOKEN = "ended"
    openai.script(say.text("Hello.", held=True))
    await in_database(writes, cast.aline, "hello")

    # When
    running = asyncio.create_task(turn(cast.aline, online))
    await until(lambda: graph.rejected)
    openai.release()
    await running

    # Then
    assert len(await in_database(lambda: cast.aline.replies)) == 1
    assert graph.read_receipts == []
    assert graph.rejected
