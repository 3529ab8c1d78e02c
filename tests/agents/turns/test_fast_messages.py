"""Several fast messages while a question waits for its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import PendingAction
from tests.agents.turns.conftest import in_database, turn
from tests.fakes import openai_answers as say
from vouchers.models import Voucher

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.turns.conftest import Cast
    from tests.fakes.openai import FakeOpenAI

NUMBER = "+250788100001"
CREATE = say.call(
    "create_voucher", amount=15_000, customer_msisdn=NUMBER, currency=None
)
FAST = [
    ("yes", "ok", "do it"),
    ("yes yes yes", f"create voucher 15000 for {NUMBER}"),
    ("oui", "vas-y"),
    ("no wait", "ok yes"),
]


@pytest.mark.parametrize("fast", FAST, ids=lambda texts: texts[0])
async def test_press__behind_fast_messages__counts_once(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI, fast: tuple[str, ...]
) -> None:
    # Given: the model asks again for each message
    openai.script(CREATE, say.text("Asked."), CREATE, say.text("Asked again."))
    await in_database(cast.diane.writes, f"create voucher 15000 for {NUMBER}")
    await turn(cast.diane, online)
    question = await in_database(PendingAction.objects.get)

    # When
    for text in fast:
        await in_database(cast.diane.writes, text)
    for _ in range(2):
        await in_database(cast.diane.presses, f"confirm:{question.public_id}")
    for _ in range(3):
        await turn(cast.diane, online)

    # Then: one question, one voucher, and the second press does nothing
    voucher = await in_database(Voucher.objects.get)
    assert voucher.amount_minor == 15_000
    assert (await in_database(PendingAction.objects.get)).status == "confirmed"
    openai.assert_complete()


async def test_press__after_the_same_request_acted_in_words__issues_no_second_one(
    cast: Cast, online: TurnDependencies, openai: FakeOpenAI
) -> None:
    # Given: an unclear request is asked about, then written plainly
    small = say.call(
        "create_voucher", amount=5_000, customer_msisdn=NUMBER, currency=None
    )
    openai.script(small, say.text("Asked."), small, say.text("Done."))
    await in_database(cast.diane.writes, f"5k for {NUMBER}")
    await turn(cast.diane, online)
    question = await in_database(PendingAction.objects.get)
    await in_database(cast.diane.writes, f"create voucher 5000 for {NUMBER}")
    await turn(cast.diane, online)
    assert await in_database(Voucher.objects.count) == 1

    # When
    await in_database(cast.diane.presses, f"confirm:{question.public_id}")
    await turn(cast.diane, online)

    # Then
    assert await in_database(Voucher.objects.count) == 1
    assert (await in_database(PendingAction.objects.get)).status == "replaced"
