from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rollout.policy.guardrails import ConversationEvidence as Talk
from rollout.policy.guardrails import failed_share, relative_cost, slower_than_5s

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "badness"),
    [
        ({"calls": 5}, 0.0),
        ({"calls": 5, "failed": 1}, 0.2),
        # One failure counts as one, also when it was the last thing that happened.
        ({"calls": 5, "failed": 1, "has_failed": True}, 0.2),
        ({"has_failed": True}, 1.0),
        ({}, None),
    ],
)
def test_failing__share_of_what_was_tried(
    facts: dict[str, Any], badness: float | None
) -> None:
    assert failed_share(Talk("chat", NOON, **facts), 0.1) == badness


def test_slower_than_5s__no_turn__says_nothing() -> None:
    assert slower_than_5s(Talk("chat", NOON), 0.1) is None
    assert slower_than_5s(Talk("chat", NOON, turns=4, slow_5s=1), 0.1) == 0.25


@pytest.mark.parametrize(
    ("cost", "badness"), [(None, None), (0.0, 0.0), (0.1, 0.1), (1.0, 1.0), (9.0, 1.0)]
)
def test_costing__a_tenth_is_what_is_planned_and_a_runaway_counts_once(
    cost: float | None, badness: float | None
) -> None:
    found = relative_cost(Talk("chat", NOON, cost=cost), 0.1)

    assert found == (None if badness is None else pytest.approx(badness))
