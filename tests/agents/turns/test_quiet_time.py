from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents.turns.quiet_time import TIMING, Heard, quiet_until

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def heard(after: float, kind: str = "text", *, is_button: bool = False) -> Heard:
    return Heard(START + timedelta(seconds=after), kind, is_button)


@pytest.mark.parametrize(
    ("messages", "seconds"),
    [
        ([heard(0)], 1.5),
        ([heard(0, "image")], 2.5),
        ([heard(0), heard(1)], 2.5),
        ([heard(0, "image"), heard(1)], 2.5),
        ([heard(0), heard(1, "image")], 3.5),
        ([heard(at) for at in range(8)], 8.0),
        ([heard(0, "interactive", is_button=True)], 0.0),
        ([heard(0), heard(1, "button", is_button=True)], 0.0),
        ([heard(0, "request_welcome")], 0.0),
    ],
)
def test_quiet_until__what_was_heard__ends_when_the_person_has_finished(
    messages: list[Heard], seconds: float
) -> None:
    assert quiet_until(messages, TIMING) == START + timedelta(seconds=seconds)


def test_quiet_until__any_order__is_the_same() -> None:
    messages = [heard(1, "image"), heard(0)]

    assert quiet_until(messages, TIMING) == quiet_until(messages[::-1], TIMING)
