"""What is no command, and yet tells something: a lone number, an amount beside it."""

from __future__ import annotations

import pytest

from agents.language import texts
from tests.agents.offline.chat import Chat, arguments


@pytest.mark.parametrize("role", ["staff", "support"])
async def test_respond__lone_number__is_looked_up(role: str) -> None:
    assert arguments(await Chat(role=role).says("0788 000 000")) == (
        "lookup_customer",
        {"msisdn": "+250788000000", "voucher": None},
    )


@pytest.mark.parametrize("role", ["customer", "station"])
async def test_respond__lone_number_of_others__is_asked_back(role: str) -> None:
    reply = await Chat(role=role).says("0788 000 000")

    assert reply.text == texts.render("ask.intent_with", "en", values="+250788000000")


@pytest.mark.parametrize(
    "hint", ["10000 for +250788000000", "0788000000 10,000 rwf", "10k for 0788000000"]
)
async def test_respond__amount_and_number__are_asked_about_and_remembered(
    hint: str,
) -> None:
    chat = Chat()

    asked = await chat.says(hint)

    question = texts.render(
        "ask.create", "en", amount="RWF 10,000", number="+250788000000"
    )
    assert (asked.calls, asked.text) == ([], question)
    assert arguments(await chat.says("yes"))[1]["amount"] == 10_000


async def test_respond__unclear_amount_and_number__asks_for_the_amount() -> None:
    asked = await Chat().says("10.5 for +250788000000")

    assert (asked.calls, asked.text) == ([], texts.render("ask.amount_plain", "en"))


@pytest.mark.parametrize(
    "said", ["no", "10000", "yes if they pay", "what?", "lookup 0788000001"]
)
async def test_respond__anything_but_yes__creates_nothing(said: str) -> None:
    chat = Chat()
    await chat.says("10000 for +250788000000")

    replies = [await chat.says(said), await chat.says("yes")]

    assert not any(c.name == "create_voucher" for r in replies for c in r.calls)


async def test_respond__hint_while_openai_fails__offers_nothing() -> None:
    reply = await Chat(restricted=True).says("10000 for +250788000000")

    assert reply.text == texts.render(
        "ask.intent_with", "en", values="RWF 10,000, +250788000000"
    )


@pytest.mark.parametrize("said", ["hello", "no", "why?", "thanks", "lookup 0788000001"])
async def test_respond__no_reason__voids_nothing(said: str) -> None:
    chat = Chat()
    await chat.says("void V7-KQ3M-82")

    reply = await chat.says(said)

    assert not any(call.name == "void_voucher" for call in reply.calls)


async def test_respond__lone_code__is_asked_about() -> None:
    reply = await Chat(role="station").says("[code 1]")

    assert (reply.calls, reply.text) == ([], texts.render("ask.code_alone", "en"))


async def test_respond__goodbye__is_answered_in_kind() -> None:
    assert (await Chat().says("kwaheri")).text == texts.render("answer.bye", "en")
