"""What a turn records when it claims messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests.agents.turns.conftest import asked, in_database, turn
from tests.fakes import openai_answers as say

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI


async def test_claim_messages__features_changed_meanwhile__next_draft_records_them(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.text("For which number?", held=True), say.text("Both read."))
    await in_database(cast.aline.writes, "first")
    running = asyncio.create_task(turn(cast.aline, online))
    await asked(openai, 1)

    # When
    await in_database(turn_vouchers_off)
    last = await in_database(cast.aline.writes, "second")
    openai.release()
    await running

    # Then
    before, after = await in_database(lambda: cast.aline.turns)
    await in_database(last.refresh_from_db)
    assert (before.exposure["vouchers"], after.exposure["vouchers"]) == (True, False)
    assert after.exposure["version"] > before.exposure["version"]
    assert after.input_ended_at == last.received_at


def turn_vouchers_off() -> None:
    features = {Feature.VOUCHERS: False}
    set_features(features, actor="tests", reason="tests", source="cli")
