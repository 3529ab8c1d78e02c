"""A healthy agent is left alone for a month; a bad one is found as promised.

The full month at 10,000 conversations an hour is EASYMO_TEST_FULL_MONTH=1.
"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.policy.guardrails import (
    BUDGETS,
    DetectorLevel,
    ExpectedTraffic,
    FalseAlarmBudget,
    Policy,
    detector_for,
)
from rollout.policy.verdicts import Guardrail
from tests.rollout.policy.months import (
    CALLS,
    after_perfect,
    bursts,
    fires_within,
    iid,
)

if TYPE_CHECKING:
    from rollout.policy.detector import Detector

HEALTHY = 0.03
IS_FULL = bool(os.environ.get("EASYMO_TEST_FULL_MONTH"))
HOURS = {10: 720, 100: 720, 10_000: 720 if IS_FULL else 24}
POLICY = Policy()


def success(
    watch: DetectorLevel, *, an_hour: float, budget: FalseAlarmBudget
) -> Detector:
    return detector_for(
        POLICY.test(Guardrail.SUCCESS, watch),
        budget=budget,
        expected=ExpectedTraffic(an_hour=an_hour),
    )


@pytest.mark.parametrize("an_hour", [10, 100, 10_000])
@pytest.mark.parametrize("stage", ["beta", "production"])
@pytest.mark.parametrize("chances", [iid(HEALTHY), bursts()], ids=["iid", "bursts"])
def test_detectors__thirty_healthy_days__nothing_is_rolled_back(
    an_hour: int, stage: str, chances: list[float]
) -> None:
    # Given: what acts in this stage
    budget = BUDGETS[stage]
    watch = DetectorLevel.WARN if budget.warn_acts else DetectorLevel.ROLLBACK
    detector = success(watch, an_hour=an_hour, budget=budget)

    # When
    fired = [
        fires_within(
            detector,
            chances,
            conversations=an_hour * HOURS[an_hour],
            chance=Random(seed),
        )
        for seed in range({10: 6, 100: 2}.get(an_hour, 1))
    ]

    # Then
    assert not any(fired)


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.2, 1.0]), max_size=40),
    st.integers(0, 60),
)
def test_after_perfect__many_at_once__is_as_one_by_one(
    before: list[float], times: int
) -> None:
    # Given
    detector = success(DetectorLevel.WARN, an_hour=20, budget=BUDGETS["production"])
    state = detector.start()
    for x in before:
        state = detector.step(state, x)

    # When
    at_once = after_perfect(detector, state, times)
    for _ in range(times):
        state = detector.step(state, 0.0)
        assert not detector.fires(state) or before

    # Then
    assert at_once == pytest.approx(state, rel=1e-9, abs=1e-9)


def delays(detector: Detector, failing: float) -> list[int]:
    """Return in how many calls each of 100 drops was found, in rising order."""
    found = []
    for seed in range(100):
        chance = Random(seed)
        state = detector.start()
        for _ in range(100):
            state = detector.step(state, _conversation(chance, HEALTHY))
        count = 0
        while not detector.fires(state) and count < 2_000:
            count += 1
            state = detector.step(state, _conversation(chance, failing))
        found.append(count * CALLS)
    return sorted(found)


def _conversation(chance: Random, failing: float) -> float:
    return sum(chance.random() < failing for _ in range(CALLS)) / CALLS


# Calls an hour; the reference's 95th percentiles for 85 %, 50 % and 0 % success, of
# one detector with the whole budget.
ROWS = [
    (DetectorLevel.WARN, 10, (300, 45, 35)),
    (DetectorLevel.WARN, 100, (350, 50, 35)),
    (DetectorLevel.WARN, 10_000, (555, 210, 45)),
    (DetectorLevel.ROLLBACK, 10, (735, 55, 35)),
    (DetectorLevel.ROLLBACK, 100, (900, 65, 35)),
    (DetectorLevel.ROLLBACK, 10_000, (1215, 210, 45)),
]
# A hundred runs tell a percentile to within a tenth or so.
SAMPLING = 1.15
# Three guardrails share the budget, which costs ln 3 of some 15.
SHARING = 1.10


@pytest.mark.parametrize(("watch", "calls", "promised"), ROWS)
@pytest.mark.parametrize("sharing", [1, 3])
def test_detectors__success_drops__found_within_the_promised_calls(
    watch: DetectorLevel, calls: int, promised: tuple[int, ...], sharing: int
) -> None:
    # Given
    whole = BUDGETS["production"]
    budget = replace(whole, alpha=whole.alpha * 3 / sharing)
    detector = success(watch, an_hour=calls / CALLS, budget=budget)
    slack = SAMPLING * (SHARING if sharing > 1 else 1.0)

    for failing, most in zip((0.15, 0.50, 1.0), promised, strict=True):
        # When
        p95 = delays(detector, failing)[94]

        # Then
        assert p95 <= most * slack + CALLS, (failing, p95)


@pytest.mark.parametrize("stage", ["beta", "production"])
def test_detectors__everything_fails_from_the_start__found_in_a_few_conversations(
    stage: str,
) -> None:
    # Given
    budget = BUDGETS[stage]
    watch = DetectorLevel.WARN if budget.warn_acts else DetectorLevel.ROLLBACK
    detector = success(watch, an_hour=2, budget=budget)
    state, count = detector.start(), 0

    # When
    while not detector.fires(state):
        state, count = detector.step(state, 1.0), count + 1

    # Then
    assert count <= (5 if stage == "beta" else 7)
