from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Message
from agents.turns.quiet_time import TIMING, quiet_until

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def message(after: float, kind: str = "text", button_id: str = "") -> Message:
    received_at = START + timedelta(seconds=after)
    return Message(received_at=received_at, kind=kind, button_id=button_id)


@pytest.mark.parametrize(
    ("messages", "seconds"),
    [
        ([message(0)], 1.5),
        ([message(0, "image")], 2.5),
        ([message(0), message(1)], 2.5),
        ([message(0, "image"), message(1)], 2.5),
        ([message(0), message(1, "image")], 3.5),
        ([message(at) for at in range(8)], 8.0),
        ([message(0, "interactive", "confirm:1")], 0.0),
        ([message(0), message(1, "button", "confirm:1")], 0.0),
        ([message(0, "request_welcome")], 0.0),
    ],
)
def test_quiet_until__waiting_messages__end_of_quiet_time(
    messages: list[Message], seconds: float
) -> None:
    assert quiet_until(messages, TIMING) == START + timedelta(seconds=seconds)


def test_quiet_until__any_order__is_the_same() -> None:
    messages = [message(1, "image"), message(0)]

    assert quiet_until(messages, TIMING) == quiet_until(messages[::-1], TIMING)
