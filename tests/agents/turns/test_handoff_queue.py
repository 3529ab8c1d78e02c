"""A person who waits for a colleague hears that they are in the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.handoff import handoff
from agents.language.texts import render
from agents.models import Conversation, HandOff, Message
from tests.agents.turns.conftest import in_database, turn
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Cast, Person
    from tests.fakes.openai import FakeOpenAI

QUEUE = render("colleague.queue", "en")
FACTS = {"reason": "tests", "actor": "odette"}


async def says(person: Person, text: str, dependencies: TurnDependencies) -> list[str]:
    """Return what the person reads after it, which may be nothing."""
    before = len(await in_database(lambda: person.replies))
    await in_database(person.writes, text)
    await turn(person, dependencies)
    replies = await in_database(lambda: person.replies)
    return [reply.body for reply in replies[before:]]


@pytest.mark.parametrize("text", ["hello", "good morning", "agent", "thanks", "👍"])
async def test_run_turn__waits_for_a_colleague__told_once_an_hour(
    cast: Cast, offline: TurnDependencies, text: str
) -> None:
    # Given
    await says(cast.aline, "agent", offline)

    # When
    first = await says(cast.aline, text, offline)
    second = await says(cast.aline, "hello", offline)

    # Then
    assert (first, second) == ([QUEUE], [])
    assert await in_database(HandOff.objects.count) == 1
    kept = await in_database(lambda: Message.objects.latest("pk").state)
    assert kept == Message.State.HANDED

    # When
    ago = timezone.now() - timedelta(hours=1)
    await in_database(Conversation.objects.update, queue_notice_at=ago)

    # Then
    assert await says(cast.aline, "hello", offline) == [QUEUE]


async def test_run_turn__waits_and_asks_for_something__is_answered(
    cast: Cast, offline: TurnDependencies
) -> None:
    await says(cast.aline, "agent", offline)

    answer = await says(cast.aline, "my vouchers", offline)

    assert answer == [render("list.empty", "en")]


async def test_run_turn__waits_with_a_model__no_greeting_and_no_model_asked(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    await says(cast.aline, "agent", online)

    answer = await says(cast.aline, "hello, are you there?", online)

    assert answer == [QUEUE]
    assert openai.requests == []


async def test_run_turn__model_hands_over_again__told_once(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    await says(cast.aline, "agent", online)
    openai.script(say.call("hand_off", reason="complaint"))
    openai.script(say.text("Done."))
    openai.script(say.call("hand_off", reason="complaint"))
    openai.script(say.text("Done."))

    # When
    answers = [
        await says(cast.aline, "my tank stayed empty yesterday", online) for _ in "ab"
    ]

    # Then
    assert answers == [[QUEUE], []]
    assert await in_database(HandOff.objects.count) == 1


@pytest.mark.parametrize("ended", ["closed", "answered"])
async def test_run_turn__waits_no_longer__is_greeted(
    cast: Cast, offline: TurnDependencies, ended: str
) -> None:
    # Given
    await says(cast.aline, "agent", offline)
    if ended == "closed":
        task = await in_database(HandOff.objects.get)
        await in_database(
            handoff.close, hand_off=task, resolution="done", actor="odette"
        )
    else:
        chat = cast.aline.chat
        await in_database(
            handoff.answer, conversation=chat, text="Yes?", key="1", **FACTS
        )
        await in_database(handoff.resume, conversation=chat, key="2", **FACTS)

    # Then
    assert await says(cast.aline, "hello", offline) == [
        render("greeting.customer", "en")
    ]


async def test_run_turn__written_to_a_colleague__known_to_the_model_afterwards(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    chat = cast.aline.chat
    await in_database(handoff.pause, conversation=chat, key="1", **FACTS)
    assert await says(cast.aline, "The pump at Kimironko is broken.", online) == []
    await in_database(handoff.resume, conversation=chat, key="2", **FACTS)
    openai.script(say.text("A colleague can help with that."))

    # When
    await says(cast.aline, "so what shall I do?", online)

    # Then
    [request] = openai.requests
    assert "The pump at Kimironko is broken." in str(request)
