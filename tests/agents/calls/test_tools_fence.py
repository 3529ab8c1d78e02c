"""A change by phone after VOICE or VOUCHERS was turned off elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.calls import tools
from agents.turns import tool_calls
from rollout.flags.exposure import exposure_of
from rollout.flags.flags import set_features
from tests.agents.calls.phone import calls
from tests.agents.calls.test_tools import OFF, ask, effects

if TYPE_CHECKING:
    from tests.agents.cast import Cast


@pytest.mark.parametrize("which", OFF)
def test_confirm__process_has_not_heard_of_the_kill__changes_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """The snapshot may be a moment old; the row behind the fence is not."""
    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")
    before = exposure_of(phone.ref.subject)
    set_features(OFF[which], actor="tests", reason="tests", source="command")
    for module in (tools, tool_calls):
        if hasattr(module, "exposure_of"):
            monkeypatch.setattr(module, "exposure_of", lambda _subject: before)

    found = tools.confirm(phone.ref, is_yes=True)

    assert found.payload["code"] == "feature_disabled"
    assert effects("issued") == 0
