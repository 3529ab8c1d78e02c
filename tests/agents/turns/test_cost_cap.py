"""The cap of cost of one conversation; a colleague goes on after it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from agents.language.texts import render
from agents.llm.model import Usage
from agents.models import HandOff
from agents.outcomes.outcome import CAPPED
from agents.outcomes.spending import ASSUMED_TOKEN_PRICE, ConversationBudget
from tests.agents.turns.conftest import in_database, turn
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI

ALINE = {"customer_msisdn": "+250788100001", "currency": None}


async def test_run_turn__the_cap_is_reached_between_calls__stops_and_hands_over(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, settings: SettingsWrapper
) -> None:
    # Given a cap that one call of the model uses up
    settings.CONVERSATION_COST_USD = 0.00001
    openai.script(say.call("list_vouchers"))
    await in_database(cast.aline.writes, "what do I have?")

    # When
    await turn(cast.aline, online)

    # Then the model was not asked again
    openai.assert_complete()
    assert len(openai.requests) == 1
    [reply] = await in_database(lambda: cast.aline.replies)
    [done] = await in_database(lambda: cast.aline.turns)
    assert reply.body == render("capped", "en")
    assert (done.status, done.outcome) == ("done", "capped")
    assert done.error_code == CAPPED
    entry = await in_database(HandOff.objects.get)
    assert entry.kind == HandOff.Kind.CAPPED


async def test_run_turn__something_was_done_before_the_cap__comes_first(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, settings: SettingsWrapper
) -> None:
    settings.CONVERSATION_COST_USD = 0.00001
    openai.script(say.call("create_voucher", amount=5000, **ALINE))
    await in_database(cast.diane.writes, "create voucher 5000 for +250788100001")

    await turn(cast.diane, online)

    [done] = await in_database(lambda: cast.diane.turns)
    replies = await in_database(lambda: cast.diane.replies)
    vouchers = await in_database(lambda: cast.aline.vouchers)
    assert (done.outcome, done.error_code) == ("receipt", CAPPED)
    assert vouchers[0].reference in replies[0].body
    assert await in_database(HandOff.objects.count) == 1


async def test_run_turn__capped_before__is_answered_without_the_model(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, settings: SettingsWrapper
) -> None:
    settings.CONVERSATION_COST_USD = 0.00001
    openai.script(say.call("list_vouchers"))
    for words in ("what do I have?", "show my vouchers"):
        await in_database(cast.aline.writes, words)
        await turn(cast.aline, online)

    openai.assert_complete()
    _, second = await in_database(lambda: cast.aline.turns)
    assert (second.outcome, second.error_code) == ("reply", CAPPED)
    assert await in_database(HandOff.objects.count) == 1


async def test_run_turn__earlier_turns_of_the_conversation__count(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, settings: SettingsWrapper
) -> None:
    openai.script(say.text("Hello Aline, how can I help?"))
    await in_database(cast.aline.writes, "hello there my friend")
    await turn(cast.aline, online)
    [first] = await in_database(lambda: cast.aline.turns)
    settings.CONVERSATION_COST_USD = float(first.cost)

    await in_database(cast.aline.writes, "and now tell me a story")
    await turn(cast.aline, online)

    openai.assert_complete()
    _, second = await in_database(lambda: cast.aline.turns)
    assert (second.outcome, second.model_calls) == ("capped", 0)


async def test_run_turn__no_limit__asks(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, settings: SettingsWrapper
) -> None:
    settings.CONVERSATION_COST_USD = 0
    openai.script(say.call("list_vouchers"), say.text("You have none."))
    await in_database(cast.aline.writes, "what do I have?")

    await turn(cast.aline, online)

    openai.assert_complete()


@pytest.mark.parametrize(("tokens", "may"), [(10_000, True), (20_000, False)])
def test_may_spend__price_unknown__assumes_an_expensive_one(
    tokens: int, may: bool
) -> None:
    budget = ConversationBudget(spent=Decimal(0), cap=ASSUMED_TOKEN_PRICE * 15_000)

    assert budget.may_spend("a-model-of-tomorrow", Usage(tokens, 0, 0)) is may
