"""An incomplete request, and messages that are not the answer to its question."""

from __future__ import annotations

import pytest

from agents.language import texts
from tests.agents.offline.chat import Chat, arguments

QUESTIONS_BESIDE = {
    "en": ("where can i use it", "what time do you open"),
    "fr": ("où puis-je utiliser le bon ?", "vous ouvrez à quelle heure ?"),
    "rw": ("ni izihe station zemera voucher", "mufungura saa ngahe"),
    "sw": ("naweza kutumia vocha wapi", "mnafungua saa ngapi"),
}


@pytest.mark.parametrize("language", texts.LANGUAGES)
async def test_respond__question_beside_a_request__leaves_the_request_open(
    language: str,
) -> None:
    for question in QUESTIONS_BESIDE[language]:
        chat = Chat(language=language)
        await chat.says("create voucher 5000")
        await chat.says(question)
        await chat.says(told={"success": True, "display": "."})

        completed = await chat.says("0788123456")

        assert arguments(completed) == (
            "create_voucher",
            {"customer_msisdn": "+250788123456", "amount": 5_000, "currency": None},
        )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "for eric"),
        ("fr", "pour eric"),
        ("rw", "ni kuri eric"),
        ("sw", "ya eric"),
    ],
)
async def test_respond__no_answer__is_asked_again_and_the_request_stays(
    language: str, said: str
) -> None:
    chat = Chat(language=language)
    asked = await chat.says("create voucher 5000")

    again = await chat.says(said)
    completed = await chat.says("0788123456")

    assert again.text == asked.text
    assert arguments(completed)[0] == "create_voucher"


async def test_respond__words_beside_the_question_for_a_code__are_no_station() -> None:
    chat = Chat(role="station")
    await chat.says("redeem")
    await chat.says("ok next one")

    redeemed = await chat.says("[code 1]")

    assert arguments(redeemed) == (
        "redeem_voucher",
        {"voucher": "[code 1]", "station": None},
    )
