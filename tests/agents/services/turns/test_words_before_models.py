from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import HandOff
from agents.runtime.consent_words import consent_in
from agents.runtime.texts import render
from tests.agents.services.turns.conftest import in_database, turn

if TYPE_CHECKING:
    from agents.services.turns.means import Means
    from tests.agents.services.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI


async def test_run_turn__stop_and_start__are_kept_without_asking_a_model(
    cast: Cast, online: Means, openai: FakeOpenAI
) -> None:
    for word, key in (("STOP", "consent.stopped"), ("start", "consent.started")):
        await in_database(cast.aline.writes, word)
        await turn(cast.aline, online)

        reply = (await in_database(lambda: cast.aline.replies))[-1]
        await in_database(cast.aline.chat.refresh_from_db)
        assert reply.body == render(key, "en")
        assert (cast.aline.chat.stopped_at is None) == (word == "start")
    assert openai.requests == []


@pytest.mark.parametrize(
    "word", ["agent", "I want to talk to a human", "umuntu", "mtu"]
)
async def test_run_turn__asked_for_a_person__is_on_the_list_without_a_model(
    cast: Cast, online: Means, openai: FakeOpenAI, word: str
) -> None:
    await in_database(cast.aline.writes, word)

    await turn(cast.aline, online)

    [reply] = await in_database(lambda: cast.aline.replies)
    assert reply.body == render("hand_over", "en")
    assert await in_database(HandOff.objects.count) == 1
    assert openai.requests == []


@pytest.mark.parametrize(
    ("text", "has_question", "said"),
    [
        ("STOP", False, "stop"),
        (" Stop! ", True, "stop"),
        ("arrêt", False, "stop"),
        ("hagarika", False, "stop"),
        ("reka", False, "stop"),
        ("reka", True, None),
        ("acha", True, None),
        ("Start", False, "start"),
        ("stop the voucher", False, None),
        ("please don't stop", False, None),
        ("", False, None),
    ],
)
def test_consent_in__last_message__counts_alone(
    text: str, has_question: bool, said: str | None
) -> None:
    assert consent_in(["hello", text], has_question=has_question) == said
