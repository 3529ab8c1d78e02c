"""A colleague takes over while a turn is running."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING

from agents.handoff import handoff
from agents.models import HandOff, Message, ToolCall
from tests.agents.turns.conftest import asked, in_database, turn
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Cast, Person
    from tests.fakes.openai import FakeOpenAI

ORDER = "create voucher 5000 for +250788100001"
ALINE = {"customer_msisdn": "+250788100001", "currency": None}
HELD_CALL = say.calls(
    say.function_call("create_voucher", json.dumps({"amount": 5000, **ALINE})),
    held=True,
)
CALL = say.call("create_voucher", amount=5000, **ALINE)


async def take_over(person: Person) -> None:
    await in_database(
        handoff.pause,
        conversation=person.chat,
        reason="the customer asked",
        actor="odette",
        key=str(uuid.uuid4()),
    )


async def agents_replies(person: Person) -> list[str]:
    replies = await in_database(lambda: person.replies)
    return [reply.body for reply in replies if not reply.written_by]


async def test_pause__while_the_model_thinks__draft_is_dropped(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.text("Hello, I am the assistant.", held=True))
    message = await in_database(cast.aline.writes, "hello")

    # When
    running = asyncio.create_task(turn(cast.aline, online))
    await asked(openai, 1)
    await take_over(cast.aline)
    openai.release()
    await running

    # Then
    await in_database(message.refresh_from_db)
    [done] = await in_database(lambda: cast.aline.turns)
    assert await agents_replies(cast.aline) == []
    assert message.state == Message.State.HANDED
    assert (done.status, done.outcome, done.error_code) == ("done", "silent", "paused")


async def test_pause__before_the_turn__the_model_is_not_asked(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    await take_over(cast.aline)
    message = await in_database(cast.aline.writes, "hello")

    # When
    assert await turn(cast.aline, online) == []

    # Then
    await in_database(message.refresh_from_db)
    [done] = await in_database(lambda: cast.aline.turns)
    assert message.state == Message.State.HANDED
    assert (done.outcome, done.error_code) == ("silent", "paused")
    assert openai.requests == []


async def test_pause__before_the_model_requests_a_change__nothing_is_changed(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(HELD_CALL, say.text("I could not."))
    await in_database(cast.diane.writes, ORDER)

    # When
    running = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 1)
    await take_over(cast.diane)
    openai.release()
    await running

    # Then
    [call] = await in_database(lambda: list(ToolCall.objects.all()))
    assert (call.status, call.code) == ("refused", "paused")
    assert await in_database(lambda: cast.aline.vouchers) == []
    assert await agents_replies(cast.diane) == []


async def test_pause__after_a_change__its_receipt_is_still_sent(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(CALL, say.text("Done.", held=True))
    await in_database(cast.diane.writes, ORDER)

    # When
    running = asyncio.create_task(turn(cast.diane, online))
    await asked(openai, 2)
    await take_over(cast.diane)
    openai.release()
    await running

    # Then
    [voucher] = await in_database(lambda: cast.aline.vouchers)
    [receipt] = await agents_replies(cast.diane)
    assert voucher.reference in receipt
    assert await in_database(HandOff.objects.count) == 0


async def test_resume__next_message__is_answered_again(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    await take_over(cast.aline)
    await in_database(cast.aline.writes, "hello")
    await turn(cast.aline, offline)
    await in_database(
        handoff.resume,
        conversation=cast.aline.chat,
        reason="all is well",
        actor="odette",
        key="k",
    )

    # When
    await in_database(cast.aline.writes, "hello again")
    await turn(cast.aline, offline)

    # Then
    states = await in_database(
        lambda: list(Message.objects.order_by("id").values_list("state", flat=True))
    )
    assert states == ["handed", "done"]
    assert len(await agents_replies(cast.aline)) == 1
