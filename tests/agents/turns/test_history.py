from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.language.texts import render
from agents.models import HandOff
from tests.agents.turns.conftest import in_database, turn

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI


@pytest.mark.parametrize(
    "word", ["agent", "I want to talk to a human", "umuntu", "mtu"]
)
async def test_run_turn__asked_for_a_person__handoff_without_a_model(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, word: str
) -> None:
    await in_database(cast.aline.writes, word)

    await turn(cast.aline, online)

    [reply] = await in_database(lambda: cast.aline.replies)
    assert reply.body == render("hand_over", "en")
    assert await in_database(HandOff.objects.count) == 1
    assert openai.requests == []
