from __future__ import annotations

import pytest

from agents.models import HandOff
from agents.tools import registry
from tests.agents.tools.conftest import Cast, call, context_of


@pytest.mark.parametrize("person", ["aline", "claudine", "diane", "emile"])
def test_hand_off__each_role__opens_one_handoff(cast: Cast, person: str) -> None:
    who = getattr(cast, person)

    for _ in range(2):
        result = call(who, "hand_off", "agent", reason="asked_for_a_person")

    assert result.effect
    assert result.effect.operation == "hand_off"
    assert HandOff.objects.get(profile=who).kind == "asked"


def test_hand_off__reason_of_the_model__is_never_stored(cast: Cast) -> None:
    registry.execute(
        "hand_off",
        {"reason": "call Aline on +250788000001"},
        context_of(cast.aline),
    )

    assert HandOff.objects.get().reason == "The customer asked for a person."
