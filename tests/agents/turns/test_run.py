from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.utils import timezone

from agents.language.texts import render
from agents.llm.loop import LoopLimits
from agents.models import Conversation, HandOff, Message, Turn
from agents.turns.run import TurnDependencies
from agents.turns.usage import kept_items
from tests.agents.turns.conftest import QUICK, Failing, in_database, jobs, turn
from tests.fakes import openai_answers as say
from vouchers.codes import new_code

if TYPE_CHECKING:
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI

# Connections of the database threads; the test's own one is named apart.
HELD = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND state IS NOT NULL AND (state LIKE 'idle in transaction%' OR state = 'active')
"""


async def test_run_turn__hello__greets_and_closes(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    message = await in_database(cast.diane.writes, "hello")

    # When
    sent = await turn(cast.diane, offline)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert sent == [reply.pk]
    assert reply.body == render("greeting.staff", "en")
    assert reply.cause == f"turn:{done.pk}"
    assert (done.status, done.outcome) == (Turn.Status.DONE, "reply")
    assert (done.model, done.cost) == ("offline", 0)
    await in_database(message.refresh_from_db)
    assert (message.state, message.turn_id) == (Message.State.DONE, done.pk)
    # The worker that ran the turn delivers its reply.
    assert await in_database(jobs) == []


async def test_run_turn__nothing_waits__writes_nothing(
    cast: Cast, offline: TurnDependencies
) -> None:
    assert await turn(cast.diane, offline) == []
    assert await in_database(Turn.objects.count) == 0


async def test_run_turn__text_of_the_model__are_sent_and_priced(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.text("Hello Diane, how can I help?"))
    await in_database(cast.diane.writes, "hello")

    # When
    await turn(cast.diane, online)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert reply.body == "Hello Diane, how can I help?"
    assert done.model.startswith("gpt-5-mini")
    assert done.input_tokens > 0
    assert done.cost is not None
    assert done.cost > 0
    openai.assert_complete()


async def test_run_turn__ten_messages_in_shuffled_order__are_one_turn_in_order(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    now = timezone.now()
    for place in (3, 7, 0, 9, 1, 5, 8, 2, 6, 4):
        sent_at = now - timedelta(seconds=20 - place)
        await in_database(cast.aline.writes, f"word {place}", sent_at=sent_at)
    openai.script(say.text("I see."))

    # When
    await turn(cast.aline, online)

    # Then
    told = [
        item["content"]
        for item in openai.requests[0].body["input"]
        if item.get("role") == "user"
    ]
    words = [text for text in told if "word" in text]
    assert words == [f"<message>\nword {place}\n</message>" for place in range(10)]
    assert len(await in_database(lambda: cast.aline.replies)) == 1


async def test_run_turn__unreadable_kinds_only__get_one_fixed_reply_and_no_model(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    await in_database(cast.aline.writes, "", kind="image")
    await in_database(cast.aline.writes, "", kind="audio")

    # When
    await turn(cast.aline, online)

    # Then
    [reply] = await in_database(lambda: cast.aline.replies)
    assert reply.body == render("kind.voice", "en")
    assert openai.requests == []


async def test_run_turn__agent_paused__leaves_messages_to_the_colleague(
    cast: Cast, offline: TurnDependencies
) -> None:
    # Given
    message = await in_database(cast.aline.writes, "hello")
    chats = Conversation.objects.filter(pk=cast.aline.chat.pk)
    await in_database(chats.update, paused_at=timezone.now())

    # When
    assert await turn(cast.aline, offline) == []

    # Then
    await in_database(message.refresh_from_db)
    assert message.state == Message.State.HANDED
    assert await in_database(lambda: cast.aline.replies) == []


async def test_run_turn__model_fails__offline_model_answers_restricted(
    cast: Cast,
) -> None:
    # Given
    failing = TurnDependencies(model=Failing(), timing=QUICK)
    await in_database(cast.diane.writes, "create voucher 5000 for +250788100001")

    # When
    await turn(cast.diane, failing)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert reply.body == render("restricted", "en")
    assert (done.status, done.error_code) == (Turn.Status.DONE, "server_error")
    assert await in_database(lambda: cast.aline.vouchers) == []


async def test_run_turn__empty_answers__apologise_and_hand_over_the_second_time(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.empty(), say.empty(), say.empty(), say.empty())

    # When
    await in_database(cast.aline.writes, "what now")
    await turn(cast.aline, online)
    assert await in_database(HandOff.objects.count) == 0
    await in_database(cast.aline.writes, "and now")
    await turn(cast.aline, online)

    # Then
    replies = await in_database(lambda: cast.aline.replies)
    assert {reply.body for reply in replies} == {render("apology", "en")}
    turns = await in_database(lambda: cast.aline.turns)
    assert [turn.status for turn in turns] == ["failed", "failed"]
    opened = await in_database(HandOff.objects.get)
    assert opened.kind == HandOff.Kind.FAILED_TURN
    openai.assert_complete()


async def test_run_turn__offline_model_has_no_time_left__apologises(
    cast: Cast, offline: TurnDependencies
) -> None:
    await in_database(cast.aline.writes, "hello")

    await turn(cast.aline, replace(offline, limits=LoopLimits(seconds=-1.0)))

    [reply] = await in_database(lambda: cast.aline.replies)
    [failed] = await in_database(lambda: cast.aline.turns)
    assert reply.body == render("apology", "en")
    assert (failed.outcome, failed.error_code) == ("apology", "time")


def test_kept_items__code_in_a_list__removed_and_reasoning_unchanged() -> None:
    code = new_code()
    part = {"type": "output_text", "text": f"It is {code.formatted}.\x00"}
    message = {"type": "message", "content": [part, [code.digits]]}
    sealed = {"type": "reasoning", "encrypted_content": code.digits}

    assert kept_items([message, sealed]) == [
        {
            "type": "message",
            "content": [{"type": "output_text", "text": "It is [code]."}, ["[code]"]],
        },
        sealed,
    ]


async def test_run_turn__refusal_of_the_model__gets_a_fixed_text(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.script(say.refusal())
    await in_database(cast.aline.writes, "something odd")

    await turn(cast.aline, online)

    [reply] = await in_database(lambda: cast.aline.replies)
    assert reply.body == render("ask.intent", "en")


async def test_run_turn__false_claim__model_is_asked_again_once(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(
        say.text("Your voucher of RWF 5,000 was created."),
        say.text("What amount should it be?"),
    )
    await in_database(cast.diane.writes, "one for Aline")

    # When
    await turn(cast.diane, online)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    assert reply.body == "What amount should it be?"
    assert openai.requests[1].body["tool_choice"] == "none"
    openai.assert_complete()


async def test_run_turn__false_claim_twice__sends_a_fixed_text(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    claim = say.text("Your voucher of RWF 5,000 was created.")
    openai.script(claim, claim)
    await in_database(cast.diane.writes, "one for Aline")

    # When
    await turn(cast.diane, online)

    # Then
    [reply] = await in_database(lambda: cast.diane.replies)
    [done] = await in_database(lambda: cast.diane.turns)
    assert reply.body == render("answer.nothing_done", "en")
    assert done.error_code == "false_claim"
    openai.assert_complete()


async def test_run_turn__claim_after_a_reading__shows_the_rows_at_once(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.call("list_vouchers"), say.text("I have just topped you up!"))
    await in_database(cast.aline.writes, "my vouchers")

    # When
    await turn(cast.aline, online)

    # Then
    [reply] = await in_database(lambda: cast.aline.replies)
    [done] = await in_database(lambda: cast.aline.turns)
    assert reply.body == render("list.empty", "en")
    assert (done.status, done.error_code) == ("done", "")
    openai.assert_complete()


@pytest.mark.parametrize(
    "request_",
    ["What is your PIN?", "Please send me the 16 digits of the code.", "Your OTP?"],
)
async def test_run_turn__model_asks_for_a_secret__is_never_sent(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, request_: str
) -> None:
    # Given
    openai.script(say.text(request_), say.text(request_))
    await in_database(cast.aline.writes, "redeem my voucher")

    # When
    await turn(cast.aline, online)

    # Then
    [reply] = await in_database(lambda: cast.aline.replies)
    assert reply.body == render("answer.nothing_done", "en")
    openai.assert_complete()


async def test_run_turn__model_thinks__holds_no_connection(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, committed_db: str
) -> None:
    # Given
    held: list[int] = []

    def look(_body: object) -> say.Answer:
        with psycopg.connect(committed_db) as own:
            row = own.execute(HELD).fetchone()
        assert row is not None
        held.append(row[0])
        return say.text("Hello.")

    openai.respond_with(look)
    await in_database(cast.aline.writes, "hello")

    # When
    await turn(cast.aline, online)

    # Then
    assert held == [0]
