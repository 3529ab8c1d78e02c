"""The parts of a conversation and their figures, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents.models import OutboundMessage, ToolCall, Turn
from agents.outcomes import outcome as outcomes_outcome
from agents.outcomes.outcome import TurnEvidence
from rollout.models import Observation

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
Outcome = Observation.Outcome


def seen(
    at: datetime = NOON,
    *,
    calls: tuple[ToolCall, ...] = (),
    took_s: float = 2,
    reply: dict[str, Any] | None = None,
    **facts: Any,
) -> TurnEvidence:
    """A turn whose message came at `at`, waited 1.5 s and was answered after `took_s`."""
    input_ended_at = at + 1.5 * SECOND
    left_at = input_ended_at + took_s * SECOND
    known = {
        "status": "done",
        "outcome": "reply",
        "model": "gpt-5-mini",
        "cost": Decimal("0.01"),
        "price_version": "prices 1",
        "input_ended_at": input_ended_at,
        "finished_at": left_at,
    }
    sent = {"state": "sent", "handed_over_at": left_at} if reply is None else reply
    return TurnEvidence(
        turn=Turn(**(known | facts)),
        received_at=at,
        calls=calls,
        reply=OutboundMessage(**sent),
    )


def call(status: str, code: str = "", name: str = "create_voucher") -> ToolCall:
    return ToolCall(name=name, status=status, code=code)


def sums(
    *turns: TurnEvidence, now: datetime = NOON + timedelta(hours=2)
) -> outcomes_outcome.OutcomeFigures:
    found = outcomes_outcome.figures_of(turns, now=now)
    assert found is not None
    return found


def test_split_turns__ten_minutes_apart__are_two() -> None:
    first = seen(NOON)
    assert first.ended_at is not None
    second = seen(first.ended_at + 10 * MINUTE - SECOND)
    assert second.ended_at is not None
    third = seen(second.ended_at + 10 * MINUTE)

    found = list(outcomes_outcome.split_turns([first, second, third]))

    assert found == [[first, second], [third]]


def test_split_turns__handoff_closed_between__are_two() -> None:
    first, second = seen(NOON), seen(NOON + 2 * MINUTE)

    found = list(
        outcomes_outcome.split_turns([first, second], closed_at=[NOON + MINUTE])
    )

    assert found == [[first], [second]]


def test_split_turns__without_a_pause_for_a_day__are_split() -> None:
    turns = [seen(NOON + n * 5 * MINUTE) for n in range(12 * 25)]

    found = list(outcomes_outcome.split_turns(turns))

    assert [len(part) for part in found] == [12 * 24, 12]


def test_is_over__idle__after_ten_minutes_and_not_before() -> None:
    episode = [seen(NOON)]
    ended_at = episode[0].ended_at
    assert ended_at is not None

    assert not outcomes_outcome.is_over(episode, now=ended_at + 10 * MINUTE - SECOND)
    assert outcomes_outcome.is_over(episode, now=ended_at + 10 * MINUTE)


def test_is_over__next_message_in_time__is_not_over() -> None:
    episode = [seen(NOON)]

    assert not outcomes_outcome.is_over(
        episode, now=NOON + timedelta(hours=3), next_received_at=NOON + MINUTE
    )


def test_is_over__handoff_closed__at_once() -> None:
    episode = [seen(NOON)]

    assert outcomes_outcome.is_over(
        episode, now=NOON + 2 * MINUTE, closed_at=[NOON + 2 * MINUTE]
    )


def test_is_over__still_being_answered__is_not() -> None:
    running = seen(NOON, status="running", finished_at=None)

    assert not outcomes_outcome.is_over([running], now=NOON + timedelta(days=2))


def test_is_over__reply_unsent__waits_an_hour() -> None:
    episode = [seen(NOON, reply={"state": "queued"})]

    assert not outcomes_outcome.is_over(episode, now=NOON + 59 * MINUTE)
    assert outcomes_outcome.is_over(episode, now=NOON + 61 * MINUTE)


def test_figures_of__success__counts_calls_and_turns_without_one() -> None:
    found = sums(
        seen(NOON),
        seen(NOON + MINUTE, calls=(call("succeeded"), call("succeeded"))),
    )

    assert (found.calls, found.failed, found.turns) == (3, 0, 2)
    assert found.outcome == Outcome.DONE
    assert found.errors == {}


def test_figures_of__refused_by_a_rule__is_no_failure() -> None:
    pressed = seen(
        NOON,
        calls=(call("refused", "not_issued"),),
        model="",
        cost=None,
        error_code="not_issued",
    )

    found = sums(pressed, seen(NOON + MINUTE, calls=(call("refused", "limit"),)))

    assert (found.calls, found.failed) == (2, 0)
    assert found.outcome == Outcome.DONE


def test_figures_of__a_tool_broke__is_a_failure_with_its_name() -> None:
    found = sums(seen(NOON, calls=(call("failed", "failed"), call("succeeded"))))

    assert (found.calls, found.failed) == (2, 1)
    assert found.errors == {"create_voucher:failed": 1}


@pytest.mark.parametrize(
    "facts",
    [
        {"error_code": "server_error"},
        {"error_code": "timeout", "model": "offline"},
        {"error_code": "false_claim"},
        {"status": "failed", "outcome": "apology", "error_code": "broken"},
        {"status": "failed", "outcome": "silent", "error_code": "gave_up"},
    ],
)
def test_figures_of__the_model_or_the_turn_failed__all_in_it_failed(
    facts: dict[str, Any],
) -> None:
    found = sums(seen(NOON, calls=(call("succeeded"), call("succeeded")), **facts))

    assert (found.calls, found.failed) == (2, 2)
    assert found.errors == {facts["error_code"]: 1}
    assert found.outcome == Outcome.FAILED


@pytest.mark.parametrize("code", ["hourly_budget", "refusal", "conversation_cap"])
def test_figures_of__a_budget_or_a_declined_topic__is_no_failure(code: str) -> None:
    assert sums(seen(NOON, error_code=code)).failed == 0


def test_figures_of__not_for_the_agent__is_nothing() -> None:
    silent = seen(NOON, outcome="silent", error_code="feature_disabled")

    assert outcomes_outcome.figures_of([silent], now=NOON) is None


def test_figures_of__latency__is_from_the_end_of_the_quiet_time_to_the_sending() -> (
    None
):
    found = sums(seen(NOON, took_s=3.25))

    assert found.latencies_ms == [3250]
    assert found.waits_ms == [1500]


def test_figures_of__reply_never_sent__slow_and_failed() -> None:
    waiting = seen(NOON, reply={"state": "queued"})

    found = sums(waiting, now=NOON + 61 * MINUTE)

    assert found.latencies_ms[0] > 3_600_000
    assert found.failed == 1
    assert found.errors == {"send:waiting": 1}


@pytest.mark.parametrize(
    ("code", "failed"),
    [("131026", 0), ("no_address", 0), ("131047", 0), ("190", 1), ("answer_lost", 1)],
)
def test_figures_of__undelivered__fails_unless_the_customer_caused_it(
    code: str, failed: int
) -> None:
    found = sums(seen(NOON, reply={"state": "failed", "error_code": code}))

    assert found.failed == failed
    assert len(found.latencies_ms) == failed


def test_figures_of__cancelled_by_a_kill__is_no_failure_and_has_no_latency() -> None:
    found = sums(seen(NOON, reply={"state": "cancelled"}))

    assert (found.failed, found.latencies_ms) == (0, [])


def test_figures_of__dropped_drafts__cost_but_are_no_turn() -> None:
    dropped = seen(NOON, status="abandoned", error_code="newer_input", outcome="")

    found = sums(dropped, seen(NOON + 3 * SECOND))

    assert found.turns == 1
    assert found.cost == Decimal("0.02")


def test_figures_of__one_price_unknown__the_cost_is_unknown_and_not_zero() -> None:
    assert sums(seen(NOON), seen(NOON + MINUTE, cost=None)).cost is None


def test_figures_of__no_model_was_asked__costs_nothing_and_that_is_known() -> None:
    assert sums(seen(NOON, model="", cost=None)).cost == 0


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"outcome": "hand_off"}, Outcome.HANDED_OVER),
        ({"outcome": "capped", "error_code": "conversation_cap"}, Outcome.CAPPED),
        ({"outcome": "receipt", "error_code": "conversation_cap"}, Outcome.CAPPED),
        ({}, Outcome.DONE),
    ],
)
def test_figures_of__outcome__is_how_it_ended(
    facts: dict[str, Any], outcome: Outcome
) -> None:
    assert sums(seen(NOON), seen(NOON + MINUTE, **facts)).outcome == outcome


def test_figures_of__failed_first_then_succeeded__is_done() -> None:
    found = sums(seen(NOON, error_code="timeout"), seen(NOON + MINUTE))

    assert found.outcome == Outcome.DONE
    assert (found.calls, found.failed) == (2, 1)
