"""The offline model in a call: words and keys in, speech and tool calls out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agents.calls.instructions import instructions_for
from agents.content.document import Topic
from agents.language import speech
from agents.language.texts import LANGUAGES, render
from agents.simulator.phone.offline_voice import OfflineVoice
from agents.simulator.realtime_server.call import ServedCall
from agents.tools import registry

if TYPE_CHECKING:
    from agents.simulator.realtime_server.replies import Reply

VERIFIED = "The caller is verified now: go on with what they asked for."
CODE = "The caller entered a voucher code on the keypad: [code 1]."


class Talk:
    """One call, in which the tools answer what the test says."""

    def __init__(
        self, role: str, language: str = "en", topics: tuple[Topic, ...] = ()
    ) -> None:
        self.voice = OfflineVoice(role, topics)
        self.call = ServedCall("rtc_1", lambda *_: None)  # type: ignore[arg-type, return-value]
        self.call.session = {
            "instructions": instructions_for(language),
            "tools": [{"name": tool.name} for tool in registry.TOOLS],
        }

    def says(self, words: str) -> Reply:
        self.voice.hear(words)
        return self.voice(self.call, {})

    def returns(self, code: str, display: str = "") -> None:
        output = json.dumps({"success": not code, "code": code, "display": display})
        self._item(type="function_call_output", call_id="call_1", output=output)

    def notes(self, text: str) -> Reply:
        content = [{"type": "input_text", "text": text}]
        self._item(type="message", role="system", content=content)
        return self.voice(self.call, {})

    def _item(self, **item: Any) -> None:
        self.call.received.append({"type": "conversation.item.create", "item": item})


def made(reply: Reply) -> tuple[str, dict[str, Any]]:
    (call,) = reply.calls
    return call.name, json.loads(call.arguments)


@pytest.mark.parametrize(
    ("role", "words", "tool", "arguments"),
    [
        ("customer", "show me my vouchers", "list_vouchers", {}),
        ("customer", "redeem at Kimironko", "redeem_voucher", {"station": "Kimironko"}),
        (
            "staff",
            "create a voucher of 8000 for +250788000000",
            "create_voucher",
            {"amount": 8_000, "customer_msisdn": "+250788000000"},
        ),
        ("customer", "I want to speak to a person", "hand_off", {}),
    ],
)
def test_words__a_request__become_the_tool_call_and_again_after_the_pin(
    role: str, words: str, tool: str, arguments: dict[str, Any]
) -> None:
    talk = Talk(role)

    name, given = made(talk.says(words))
    assert name == tool
    assert arguments.items() <= given.items()

    talk.returns("pin_needed")
    assert made(talk.notes(VERIFIED)) == (name, given)


def test_pin__entered_before_anything_was_asked__is_answered_in_words() -> None:
    assert Talk("customer").notes(VERIFIED).words == render("phone.pin_right", "en")


def test_code__needed_before_the_pin__asks_the_tool_first() -> None:
    """On the keypad a code that comes before the PIN would be taken for a PIN."""
    talk = Talk("staff")

    name, given = made(talk.says("redeem at Kimironko"))
    assert (name, given["voucher"]) == ("redeem_voucher", None)
    talk.returns("pin_needed")
    made(talk.notes(VERIFIED))
    talk.returns("voucher_needed")

    assert made(talk.notes(CODE)) == (
        "redeem_voucher",
        {"voucher": "[code 1]", "station": "Kimironko"},
    )


def test_tool__asks_for_a_station__takes_the_next_words_as_the_answer() -> None:
    talk = Talk("customer")
    talk.says("redeem V7-KQ3M-82 at Kimi")
    talk.returns("station_not_found", "There is no such station.")

    name, given = made(talk.says("Kimironko"))

    assert (name, given["station"]) == ("redeem_voucher", "Kimironko")


def test_yes__while_a_key_is_waited_for__is_no_confirmation() -> None:
    talk = Talk("staff")
    talk.says("create a voucher of 8000 for +250788000000")
    talk.returns("confirmation_needed")

    reply = talk.says("yes")

    assert reply.calls == ()
    assert reply.words == render("phone.press_first", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ["customer", "station", "staff", "support"])
@pytest.mark.parametrize(
    "words",
    ["hello", "help", "yes", "no", "bye", "thanks", "hmm what", "create", "void"],
)
def test_speech__every_role_and_language__tells_no_one_to_write(
    words: str, role: str, language: str
) -> None:
    reply = Talk(role, language).says(words)

    assert reply.words or reply.calls
    for mark in ("*", "_", "write", "button", "http"):
        assert mark not in reply.words.lower()


def test_voice__topic_of_the_operators__is_asked_for_by_their_words() -> None:
    talk = Talk("customer", topics=(Topic("tyres", ("tyre",)),))

    assert made(talk.says("do you sell tyres")) == (
        "answer_question",
        {"topic": "tyres"},
    )


@pytest.mark.parametrize(
    ("words", "language"),
    [("bonjour, aidez-moi s'il vous plaît", "fr"), ("help me please", "en")],
)
def test_words__of_another_language__are_answered_in_it(
    words: str, language: str
) -> None:
    said = Talk("customer", "rw").says(words).words

    assert said == speech.spoken(render("phone.help", language), language)
