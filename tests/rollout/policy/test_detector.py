from __future__ import annotations

from math import inf
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.detector import Detector, for_mean, for_rate

ROLLBACK = {"q0": 0.08, "levels": (0.15, 0.25, 0.40, 0.60, 0.80, 0.95)}
CALLS = 5


def rollback_detector(*, an_hour: float) -> Detector:
    return for_rate(**ROLLBACK, horizon=an_hour * 24 * 30, alpha=0.01)  # type: ignore[arg-type]


def conversations_until_it_fires(
    detector: Detector, *, failing: float, seed: int, most: int
) -> int | None:
    chance = Random(seed)
    state = detector.start()
    for number in range(1, most + 1):
        failed = sum(chance.random() < failing for _ in range(CALLS))
        state = detector.step(state, failed / CALLS)
        if detector.fires(state):
            return number
    return None


# The 95th percentile of the delay, in tool calls, from the simulation in the reference.
@pytest.mark.parametrize(
    ("an_hour", "failing", "p95_calls"),
    [(2, 0.15, 735), (20, 0.15, 900), (2, 0.50, 55), (20, 0.50, 65), (20, 1.0, 35)],
)
def test_detector__rate_drops__fires_within_the_p95_of_the_reference(
    an_hour: float, failing: float, p95_calls: int
) -> None:
    detector = rollback_detector(an_hour=an_hour)

    delays = sorted(
        conversations_until_it_fires(detector, failing=failing, seed=seed, most=2_000)
        or 2_000
        for seed in range(100)
    )

    assert delays[94] * CALLS <= p95_calls * 1.15


@pytest.mark.parametrize("an_hour", [2, 20])
def test_detector__thirty_healthy_days__never_fires(an_hour: int) -> None:
    detector = rollback_detector(an_hour=an_hour)

    for seed in range(5):
        fired = conversations_until_it_fires(
            detector, failing=0.03, seed=seed, most=min(an_hour * 24 * 30, 6_000)
        )
        assert fired is None


def test_detector__failures_in_bursts_of_a_healthy_agent__never_fires() -> None:
    detector = rollback_detector(an_hour=20)
    chance = Random(7)
    state = detector.start()
    for _ in range(6_000):
        # Two thirds of the 3 % sit in conversations where most calls fail.
        is_bad = chance.random() < 0.025
        failing = 0.8 if is_bad else 0.01
        failed = sum(chance.random() < failing for _ in range(CALLS))
        state = detector.step(state, failed / CALLS)
        assert not detector.fires(state)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_detector__any_evidence__stays_finite_and_replays(xs: list[float]) -> None:
    detector = rollback_detector(an_hour=20)
    first = second = detector.start()
    for x in xs:
        first = detector.step(first, x)
    for x in xs:
        second = detector.step(second, x)

    assert first == second
    assert all(held < inf for held in first)
    assert detector.ratio(first) >= 0


def test_detector__no_evidence__does_not_fire() -> None:
    detector = rollback_detector(an_hour=20)

    assert detector.fires(detector.start()) is False
    assert detector.ratio(detector.start()) == 0


@pytest.mark.parametrize("x", [-0.1, 1.1, float("nan")])
def test_step__badness_outside_its_range__is_refused(x: float) -> None:
    detector = rollback_detector(an_hour=20)

    with pytest.raises(ValueError, match="between 0 and 1"):
        detector.step(detector.start(), x)


def test_for_mean__bet_that_could_lose_everything__is_refused() -> None:
    with pytest.raises(ValueError, match="lose everything"):
        for_mean(q0=0.2, bets=(5.0,), horizon=100, alpha=0.01)


@pytest.mark.parametrize(
    "change",
    [
        *({"q0": 0.0}, {"q0": 1.0}, {"bets": ()}),
        *({"alpha": 0.0}, {"alpha": 1.0}, {"horizon": 0.9}),
    ],
    ids=str,
)
def test_for_mean__parameter_outside_its_range__is_refused(
    change: dict[str, Any],
) -> None:
    valid = {"q0": 0.2, "bets": (1.0,), "horizon": 1.0, "alpha": 0.01}
    for_mean(**valid)

    with pytest.raises(ValueError, match="a bet and a horizon"):
        for_mean(**valid | change)


def test_for_mean__cost_doubles__is_found() -> None:
    detector = for_mean(q0=0.10, bets=(1, 2.5, 5, 8), horizon=20 * 24 * 30, alpha=0.01)
    chance = Random(3)
    state = detector.start()
    count = 0
    while not detector.fires(state):
        count += 1
        assert count < 200
        state = detector.step(state, min(1.0, chance.lognormvariate(-1.9, 0.8)))
