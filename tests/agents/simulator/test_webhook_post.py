from __future__ import annotations

import json

from agents.identity.sandbox import bsuid_of
from agents.simulator.webhook_post import Button, envelope
from vouchers.models import Profile

DIANE = Profile(name="Diane", msisdn="+250788000004", role="staff", is_sandbox=True)


def message_of(body: bytes) -> dict[str, object]:
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    (message,) = value["messages"]
    assert isinstance(message, dict)
    return message


def test_envelope__text__names_the_person_twice() -> None:
    message = message_of(
        envelope(profile=DIANE, phone_number_id="sandbox", text="hello")
    )

    assert message["text"] == {"body": "hello"}
    assert message["from"] == "250788000004"
    assert message["from_user_id"] == bsuid_of(DIANE)


def test_envelope__person_without_number__has_no_from() -> None:
    stranger = Profile(name="Someone", is_sandbox=True)

    message = message_of(
        envelope(profile=stranger, phone_number_id="sandbox", text="hello")
    )

    assert "from" not in message


def test_envelope__button__is_a_button_reply() -> None:
    button = Button(id="confirm:7", title="Yes")

    message = message_of(
        envelope(profile=DIANE, phone_number_id="sandbox", text="Yes", button=button)
    )

    assert message["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "confirm:7", "title": "Yes"},
    }


def test_envelope__two_messages__have_different_ids() -> None:
    bodies = [
        envelope(profile=DIANE, phone_number_id="sandbox", text="hi") for _ in range(2)
    ]

    assert len({message_of(body)["id"] for body in bodies}) == 2


def test_bsuid__is_opaque_text_of_the_right_form() -> None:
    country, _, rest = bsuid_of(DIANE).partition(".")

    assert country == "RW"
    assert rest.isalnum()
    assert len(rest) <= 128
