"""What OpenAI receives of a voucher code: nothing, in any spelling and however split."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from agents.inbound import process_events
from agents.inbound.event_store import record
from agents.models import Message
from agents.turns.run import run_turn
from easymo.database import units
from tests import payloads
from tests.agents.inbound.test_codes_stay_secret import (
    SPELLINGS,
    SPLITS,
    digits_of,
    stands_in,
)
from tests.fakes import openai_answers as say
from tests.spellings import SCRIPTS, dictated, make_code, with_typo, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Cast
    from tests.fakes.openai import FakeOpenAI

# The spellings in which people split a code.
SPLIT_SCRIPTS: dict[str, Callable[[str], str]] = {
    "plain": lambda part: part,
    "fours": lambda part: " ".join(
        part[place : place + 4] for place in range(0, len(part), 4)
    ),
    "digit by digit": " ".join,
    "full-width": lambda part: "".join(SCRIPTS["full-width"][int(d)] for d in part),
    "words": lambda part: dictated(part, "en"),
}


@pytest.fixture(autouse=True)
def _chat(cast: Cast, whatsapp: SettingsWrapper) -> None:
    """Answer everyone who writes."""


async def answer(item: dict[str, Any], online: TurnDependencies) -> None:
    """Receive one message through the webhook and answer it."""
    body = payloads.webhook(item)

    def receive() -> int:
        record(body=body, is_synthetic=False, correlation_id=uuid4())
        process_events.process_stored_events()
        return Message.objects.latest("id").conversation_id

    chat = await units.run(receive)
    await run_turn(conversation_id=chat, dependencies=online)


def received(openai: FakeOpenAI) -> list[str]:
    """Return every request, as text and with its texts joined."""
    return [json.dumps(one.body, ensure_ascii=False) for one in openai.requests]


async def test_turn__code_in_any_spelling__openai_receives_none_of_it(
    online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.respond_with(lambda _body: say.text("Which station?"))
    secrets = {}
    for number, (name, spell) in enumerate(SPELLINGS.items()):
        code = make_code(("wire", name))
        secrets[name] = (with_typo(code) if name == "mistyped" else code, spell(code))
        item = payloads.text(f"redeem {secrets[name][1]} please")

        # When
        await answer({**item, "from": f"2507881000{number:02}"}, online)

    # Then
    requests = received(openai)
    assert len(requests) == len(SPELLINGS)
    assert all("code" in request.rpartition("<message>")[2] for request in requests)
    leaked = {
        name
        for name, (code, spelled) in secrets.items()
        for request in requests
        if stands_in(request, code, spelled)
    }
    assert leaked == set()


@pytest.mark.parametrize("script", SPLIT_SCRIPTS)
async def test_turns__code_split_over_them__openai_receives_less_than_half(
    script: str, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.respond_with(lambda _body: say.text("Which station?"))
    for number, cut in enumerate(SPLITS):
        # Given
        openai.requests.clear()
        code = make_code(("split", script, cut))
        parts = [code[a:b] for a, b in pairwise((0, *cut, 16))]

        # When: each part is a turn of its own
        for place, part in enumerate(parts):
            words = SPLIT_SCRIPTS[script](part)
            item = payloads.text(f"my code is {words}" if place == 0 else words)
            await answer({**item, "from": f"2507881000{number:02}"}, online)

        # Then
        entries = [
            entry for request in openai.requests for entry in spoken_in(request.body)
        ]
        assert not any(code[:8] in digits_of(entry) for entry in entries), cut
        long = [SPLIT_SCRIPTS[script](part) for part in parts if len(part) >= 8]
        assert not any(part in entry for part in long for entry in entries), cut
        last = spoken_in(openai.requests[-1].body)
        assert "[code 1]" in last[-1]
        assert digits_of("".join(last).replace("[code 1]", "")) == ""


def spoken_in(body: dict[str, Any]) -> list[str]:
    """Return the texts of the people in a request."""
    return [
        str(item["content"]) for item in body["input"] if item.get("role") == "user"
    ]


async def test_turn__number_and_amount__openai_receives_both(
    online: TurnDependencies, openai: FakeOpenAI
) -> None:
    openai.respond_with(lambda _body: say.text("Which station?"))
    texts = (
        "create voucher 20000 for 0788123456",
        "create voucher 5000 for 078812345",
        "number 254712345678, 10,000 francs",
        "on 30.11.2026 at 10:30",
        f"voucher V7-KQ3M-82 and {written('0788123456', sizes=(4, 3, 3))}",
    )
    for number, text in enumerate(texts):
        item = payloads.text(text)
        await answer({**item, "from": f"2507881000{number:02}"}, online)

        assert text in spoken_in(openai.requests[-1].body)[-1]
