from __future__ import annotations

import pytest

from agents.realtime.session import SessionSpec, VoiceTool

LOOKUP = VoiceTool(
    name="lookup_customer",
    description="Look a customer up.",
    parameters={"type": "object", "properties": {}, "additionalProperties": False},
)


@pytest.fixture
def spec() -> SessionSpec:
    return SessionSpec(
        model="gpt-realtime-2",
        instructions="Help with fuel vouchers.",
        voice="marin",
        tools=(LOOKUP,),
    )
