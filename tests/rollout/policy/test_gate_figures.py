from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from rollout.core.formatting import (
    approximate_duration,
    duration,
    floored_share,
)
from rollout.policy.gate_figures import (
    ChannelCosts,
    StageFigures,
    conversations_needed,
    is_proven,
)
from rollout.policy.stages import GateName
from tests.rollout.policy.facts import DAY, HEALTHY, HOUR, NOW, gate


def figures(**changed: object) -> StageFigures:
    return replace(HEALTHY, **changed)  # type: ignore[arg-type]


def test_volume__forty_one_in_two_days__tells_how_long_the_rest_takes() -> None:
    answer = gate(
        GateName.VOLUME, figures=figures(conversations=41), entered_at=NOW - 2 * DAY
    )
    assert (answer.verdict, answer.value) == ("pending", "41 of 100 conversations")
    assert answer.forecast == "about 3 days"


def test_volume__none_yet__promises_nothing() -> None:
    answer = gate(GateName.VOLUME, figures=StageFigures())
    assert (answer.verdict, answer.forecast) == ("pending", "none have come yet")


@pytest.mark.parametrize(
    ("n", "failures", "proven"),
    [
        # The numbers of conversations that prove 90 % with 0 to 5 failures.
        (29, 0, True), (28, 0, False), (46, 1, True), (45, 1, False),
        (61, 2, True), (60, 2, False), (103, 5, True), (102, 5, False),
        (100, 4, True), (100, 5, False),
    ],
)  # fmt: skip
def test_proof__table_of_numbers__holds(n: int, failures: int, proven: bool) -> None:
    assert is_proven((n - failures) / n, n) is proven


@pytest.mark.parametrize(
    ("conversations", "calls", "failed", "verdict"),
    [
        (100, 500, 20, "pass"),
        # 95 % on the whole, but five in a hundred do not prove 90 %.
        (100, 500, 25, "pending"),
        (103, 515, 25, "pass"),
        (99, 495, 0, "pending"),
        (400, 2000, 101, "fail"),
        # Many calls in few conversations are few pieces of evidence.
        (40, 4000, 40, "pending"),
        (0, 0, 0, "no_data"),
        (100_000, 500_000, 20_000, "pass"),
    ],
)
def test_success__calls_and_conversations__needs_rate_and_proof(
    conversations: int, calls: int, failed: int, verdict: str
) -> None:
    told = figures(conversations=conversations, calls=calls, failed=failed)
    assert gate(GateName.SUCCESS, figures=told).verdict == verdict


def test_success__conversations_broken_down__count_as_bad() -> None:
    told = figures(conversations=200, broken=11, calls=1000, failed=20)
    answer = gate(GateName.SUCCESS, figures=told)
    assert (answer.verdict, answer.value[:6]) == ("fail", "94.5 %")


def test_success__promising__says_how_many_more_and_when() -> None:
    told = figures(conversations=38, calls=190, failed=6)
    answer = gate(GateName.SUCCESS, figures=told, entered_at=NOW - 2 * DAY)
    assert conversations_needed(184 / 190, 38) == 100
    assert answer.forecast == "62 more conversations, about 3 days"
    assert answer.value.startswith("96.8 % of 190 calls, at least 8")


def test_success__below_the_rate__no_waiting_mends_it() -> None:
    told = figures(conversations=200, calls=1000, failed=60)
    assert gate(GateName.SUCCESS, figures=told).forecast == "not at this rate"


@pytest.mark.parametrize(("slow", "verdict"), [(19, "pass"), (20, "fail")])
def test_latency__one_turn_in_twenty_over_three_seconds__not_under(
    slow: int, verdict: str
) -> None:
    answer = gate(GateName.LATENCY, figures=figures(turns=400, slow=slow))
    assert answer.verdict == verdict
    assert answer.value.endswith(f"{floored_share(slow / 400)} of 400 turns over 3 s")


def test_latency__no_turns__is_no_data() -> None:
    assert gate(GateName.LATENCY, figures=StageFigures()).verdict == "no_data"


@pytest.mark.parametrize(
    ("costs", "verdict"),
    [
        ({}, "no_data"),
        ({"chat": ChannelCosts(100, 100, Decimal("9.99"))}, "pass"),
        ({"chat": ChannelCosts(100, 100, Decimal("10.00"))}, "fail"),
        # An unknown price is never nothing.
        ({"chat": ChannelCosts(100, 99, Decimal("1.00"))}, "no_data"),
        # Cheap chats do not pay for dear calls.
        (
            {
                "chat": ChannelCosts(100, 100, Decimal("1.00")),
                "voice": ChannelCosts(2, 2, Decimal("8.00")),
            },
            "fail",
        ),
        (
            {"chat": ChannelCosts(10, 10, Decimal(1) / 3), "voice": ChannelCosts()},
            "pass",
        ),
    ],
)
def test_cost__each_channel__has_its_own_limit(
    costs: dict[str, ChannelCosts], verdict: str
) -> None:
    assert gate(GateName.COST, figures=figures(costs=costs)).verdict == verdict


@pytest.mark.parametrize(
    ("found", "scanned", "verdict", "value"),
    [
        (0, 9000, "pass", "none in 9,000 lines: fewer than 1 in 3000"),
        (1, 9000, "fail", "1 confirmed"),
        # No leak without scanned lines proves nothing.
        (0, 0, "no_data", "no line was scanned yet"),
        (1, 0, "fail", "1 confirmed"),
    ],
)
def test_leaks__none__shows_what_that_proves(
    found: int, scanned: int, verdict: str, value: str
) -> None:
    answer = gate(GateName.PII, leaks=found, scanned=scanned)
    assert (answer.verdict, answer.value) == (verdict, value)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=1), "about 1 minute"),
        (timedelta(minutes=90), "about 90 minutes"),
        (5 * HOUR, "about 5 hours"),
        (37 * HOUR, "about 2 days"),
        (6 * DAY, "about 6 days"),
        (-DAY, "about 1 minute"),
    ],
)
def test_about__span__reads_like_speech(span: timedelta, words: str) -> None:
    assert approximate_duration(span) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (6 * DAY + 23 * HOUR + timedelta(minutes=59), "6 d 23 h"),
        (DAY, "1 d"),
        (3 * HOUR + timedelta(minutes=5), "3 h 5 min"),
        (timedelta(seconds=59), "59 s"),
    ],
)
def test_duration__any__is_never_rounded_up(span: timedelta, words: str) -> None:
    assert duration(span) == words
