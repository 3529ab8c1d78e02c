from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agents.language import texts
from tests.agents.offline.chat import START, TOOLS, Chat, arguments


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("role", list(TOOLS))
async def test_respond__greeting_and_help__are_the_roles_texts(
    role: str, language: str
) -> None:
    chat = Chat(role=role, language=language)

    assert (await chat.says("hello")).text == texts.render(f"greeting.{role}", language)
    assert (await chat.says("help")).text == texts.render(f"help.{role}", language)


async def test_respond__guides_commands__call_the_tools() -> None:
    chat = Chat()

    assert arguments(await chat.says("lookup +250788000000")) == (
        "lookup_customer",
        {"msisdn": "+250788000000", "voucher": None},
    )
    assert arguments(await chat.says("create voucher 10000 for +250788000000")) == (
        "create_voucher",
        {"customer_msisdn": "+250788000000", "amount": 10_000, "currency": None},
    )
    assert arguments(await chat.says("redeem [code 1] at Kimironko")) == (
        "redeem_voucher",
        {"voucher": "[code 1]", "station": "Kimironko"},
    )
    assert arguments(await chat.says("void V7-KQ3M-82 because of a mistake")) == (
        "void_voucher",
        {"voucher": "V7-KQ3M-82", "reason": "of a mistake"},
    )
    assert arguments(await chat.says("my vouchers")) == ("list_vouchers", {})
    assert arguments(await chat.says("agent")) == (
        "hand_off",
        {"reason": "asked_for_a_person"},
    )


async def test_respond__missing_amount__is_asked_and_a_bare_answer_completes() -> None:
    chat = Chat()

    asked = await chat.says("create a voucher for 0788000000")
    completed = await chat.says("RWF 10,000")

    assert asked.text == texts.render("ask.amount_for", "en", number="+250788000000")
    assert arguments(completed)[1] == {
        "customer_msisdn": "+250788000000",
        "amount": 10_000,
        "currency": None,
    }
    assert chat.memory == {}


async def test_respond__both_missing__are_asked_one_after_the_other() -> None:
    chat = Chat()

    assert (await chat.says("create voucher")).text == texts.render("ask.amount", "en")
    assert (await chat.says("5000")).text == texts.render(
        "ask.number_of", "en", amount="RWF 5,000"
    )
    assert arguments(await chat.says("0788 000 000"))[1]["amount"] == 5_000


@pytest.mark.parametrize(
    "amount",
    [
        "10 USD",
        "10.5",
        "1e9",
        "١٠٠٠٠",
        "１００００",
        "0",
        "-5",
        "5000 6000",
        "5000 or 6000",
    ],
)
async def test_respond__unclear_amount__is_asked_back(amount: str) -> None:
    chat = Chat()

    asked = await chat.says(f"create voucher {amount} for 0788000000")

    assert asked.calls == []
    assert asked.text in {
        texts.render("ask.amount_plain", "en"),
        texts.render("answer.nothing_done", "en"),
    }


async def test_respond__unclear_answer__is_asked_again_and_given_up() -> None:
    chat = Chat()
    await chat.says("create voucher for 0788000000")

    for _ in range(2):
        assert (await chat.says("10.5")).calls == []

    assert arguments(await chat.says("10.5")) == ("hand_off", {"reason": "cannot_help"})
    assert chat.memory == {}


async def test_respond__two_numbers__are_asked_back() -> None:
    chat = Chat()

    asked = await chat.says("create voucher 5000 for 0788000000 and 0788000001")
    completed = await chat.says("0788000001")

    assert asked.text == texts.render("ask.number_plain", "en")
    assert arguments(completed)[1]["customer_msisdn"] == "+250788000001"


@pytest.mark.parametrize("text", ["no", "cancel", "not 5000", "was it 5000?", "help"])
async def test_respond__no_bare_answer__completes_nothing(text: str) -> None:
    chat = Chat()
    await chat.says("create voucher for 0788000000")

    reply = await chat.says(text)

    assert reply.calls == []
    assert chat.memory == {}


async def test_respond__answer_after_ten_minutes__completes_nothing() -> None:
    chat = Chat()
    await chat.says("create voucher for 0788000000")
    chat.now += timedelta(minutes=11)

    assert (await chat.says("5000")).calls == []


async def test_respond__new_command__takes_the_place_of_the_old() -> None:
    chat = Chat()
    await chat.says("create voucher for 0788000000")

    name, _ = arguments(await chat.says("lookup 0788000001"))

    assert name == "lookup_customer"
    assert (await chat.says("5000")).calls == []


async def test_respond__redemption_without_a_station__asks_for_it() -> None:
    chat = Chat(role="customer")

    asked = await chat.says("redeem V7-KQ3M-82")
    completed = await chat.says("Kimironko")

    assert asked.text == texts.render("ask.station_for", "en", reference="V7-KQ3M-82")
    assert arguments(completed)[1] == {"voucher": "V7-KQ3M-82", "station": "Kimironko"}


@pytest.mark.parametrize(
    ("text", "asked", "answer", "told"),
    [
        ("redeem [code 1]", "station_needed", "Kimironko", {"station": "Kimironko"}),
        ("redeem [code 1] at X", "station_not_found", "KIM", {"station": "KIM"}),
        ("void [code 1]", "reason_needed", "a mistake", {"reason": "a mistake"}),
    ],
)
async def test_respond__something_lacks_beside_a_code__goes_on_by_reference(
    text: str, asked: str, answer: str, told: dict[str, str]
) -> None:
    """A code is gone with the turn it came in: it is never remembered."""
    chat = Chat(role="staff")
    await chat.says(text)
    refusal = {"success": False, "code": asked, "voucher": "V7-KQ3M-82"}
    await chat.says("", told=refusal | {"display": "Which?"})
    assert "code 1" not in str(chat.memory)

    completed = await chat.says(answer)

    assert arguments(completed)[1] == {"voucher": "V7-KQ3M-82", **told}


async def test_respond__station_staff__need_no_station() -> None:
    chat = Chat(role="station")

    assert arguments(await chat.says("redeem [code 1]"))[0] == "redeem_voucher"
    assert (await chat.says("redeem")).text == texts.render("ask.code", "en")
    assert arguments(await chat.says("[code 1]"))[0] == "redeem_voucher"


async def test_respond__mistyped_code__is_asked_again() -> None:
    chat = Chat(role="station")

    reply = await chat.says("redeem [mistyped code]")

    assert reply.text == texts.render("refused.mistyped_code", "en")


async def test_respond__void_without_a_reason__asks_for_it() -> None:
    chat = Chat()

    asked = await chat.says("void V7-KQ3M-82")
    completed = await chat.says("the customer did not come")

    assert asked.text == texts.render("ask.reason_for", "en", reference="V7-KQ3M-82")
    assert arguments(completed)[1] == {
        "voucher": "V7-KQ3M-82",
        "reason": "the customer did not come",
    }


async def test_respond__unknown_station_told_by_the_tool__takes_a_bare_answer() -> None:
    chat = Chat(role="customer")
    await chat.says("redeem V7-KQ3M-82 at Kimi")

    told = {"success": False, "code": "station_not_found", "display": "Which?"}
    assert (await chat.says("", told=told)).text == "Which?"
    completed = await chat.says("Kimironko")

    assert arguments(completed)[1] == {"voucher": "V7-KQ3M-82", "station": "Kimironko"}


@pytest.mark.parametrize("has_pending", [False, True])
async def test_respond__yes_or_no_in_writing__never_confirms(has_pending: bool) -> None:
    chat = Chat(has_pending=has_pending)

    replies = [await chat.says(text) for text in ("yes", "no", "yego", "oui", "ndiyo")]

    assert [reply.calls for reply in replies] == [[]] * 5
    press = texts.render("answer.press_button", "en")
    assert all((reply.text == press) == has_pending for reply in replies)


async def test_respond__not_this_persons_tool__is_refused() -> None:
    chat = Chat(role="customer")

    reply = await chat.says("create voucher 10000 for +250788000000")

    assert reply.text == texts.render("refused.forbidden", "en")


async def test_respond__restricted__reads_and_hands_over_only() -> None:
    chat = Chat(restricted=True)

    for text in (
        "create voucher 10000 for +250788000000",
        "redeem [code 1] at Kimironko",
        "void V7-KQ3M-82 because I say so",
        "create voucher",
    ):
        reply = await chat.says(text)
        assert (reply.calls, reply.text) == ([], texts.render("restricted", "en"))
    assert arguments(await chat.says("lookup 0788000000"))[0] == "lookup_customer"
    assert arguments(await chat.says("agent"))[0] == "hand_off"


async def test_respond__restricted_with_an_open_request__completes_nothing() -> None:
    chat = Chat()
    await chat.says("create voucher for 0788000000")
    chat.restricted = True

    assert (await chat.says("5000")).calls == []


@pytest.mark.parametrize(
    "memory",
    [
        {"asked": 5},
        {"asked": {}},
        {"asked": {"intent": "create", "at": "yesterday"}},
        {"asked": {"intent": "drop", "at": START.isoformat()}},
        {"asked": {"intent": "create", "asked": 7, "at": START.isoformat()}},
        {"asked": {"intent": "create", "at": "2026-11-22T10:00:00"}},
        {
            "asked": {
                "intent": "create",
                "amount": "many",
                "number": [],
                "at": START.isoformat(),
            }
        },
    ],
)
async def test_respond__strange_memory__is_forgotten(memory: dict[str, Any]) -> None:
    chat = Chat(memory=memory)

    reply = await chat.says("5000")

    assert reply.calls == []
