"""Who writes "PIN" gets the link to set one; everything else is an ordinary message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.core import pin_tokens
from agents.models import PinLink
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests.agents.turns.conftest import in_database, turn

if TYPE_CHECKING:
    from agents.turns.run import TurnDependencies
    from tests.agents.cast import Cast

ASKS = ["PIN", "pin", "Pin!", "my PIN", "set my pin", "I forgot my PIN, please"]
ASKS += ["code PIN", "mon code PIN svp", "PIN yanjye", "nibagiwe PIN", "PIN yangu"]
OTHERS = ["my pin is 7391", "pin 7391", "what is a pin", "spin", "pineapple", "hello"]
OTHERS += ["send 5000 with my pin", "PIN of Bosco", "my vouchers"]


@pytest.mark.parametrize("words", ASKS)
async def test_pin_words__in_chat__are_answered_with_a_link(
    cast: Cast, offline: TurnDependencies, words: str
) -> None:
    await in_database(cast.aline.writes, words.replace("I forgot", "forgot"))

    await turn(cast.aline, offline)

    link = await in_database(PinLink.objects.get)
    assert (link.profile_id, link.requested_by) == (
        cast.aline.profile.pk,
        "the person",
    )
    body = await in_database(lambda: cast.aline.replies[-1].body)
    assert str(link.public_id) in body
    assert pin_tokens.token_of(link.public_id) not in body


@pytest.mark.parametrize("words", OTHERS)
async def test_other_words__in_chat__make_no_link(
    cast: Cast, offline: TurnDependencies, words: str
) -> None:
    await in_database(cast.aline.writes, words)

    await turn(cast.aline, offline)

    assert await in_database(PinLink.objects.count) == 0


async def test_pin_words__voice_is_off__make_no_link(
    cast: Cast, offline: TurnDependencies
) -> None:
    await in_database(
        set_features,
        {Feature.VOICE: False},
        actor="tests",
        reason="tests",
        source="command",
    )
    await in_database(cast.aline.writes, "PIN")

    await turn(cast.aline, offline)

    assert await in_database(PinLink.objects.count) == 0


async def test_pin_words__fourth_time_in_an_hour__get_no_link(
    cast: Cast, offline: TurnDependencies
) -> None:
    for _ in range(4):
        await in_database(cast.aline.writes, "PIN")
        await turn(cast.aline, offline)

    assert await in_database(PinLink.objects.count) == 3
    body = await in_database(lambda: cast.aline.replies[-1].body)
    assert "{pin_link:" not in body
