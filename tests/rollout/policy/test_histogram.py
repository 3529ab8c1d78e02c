from __future__ import annotations

import random

import pytest

from rollout.policy import statistics
from rollout.policy.statistics import percentile


def test_percentile__no_values__is_unknown_and_not_zero() -> None:
    assert statistics.histogram_percentile({}, 0.95) is None


def test_counts__values_on_a_bound__are_up_to_it() -> None:
    assert statistics.counts([100, 100.1, 3_000, 3_001]) == {
        "100": 1,
        "200": 1,
        "3000": 1,
        "3250": 1,
    }


@pytest.mark.parametrize(("share", "ms"), [(0.25, 50.0), (0.5, 100.0), (0.75, 150.0)])
def test_percentile__between_the_bounds__is_interpolated(
    share: float, ms: float
) -> None:
    found = {"100": 2, "200": 2}

    assert statistics.histogram_percentile(found, share) == ms


def test_percentile__beyond_the_last_bound__is_at_least_that() -> None:
    assert (
        statistics.histogram_percentile(statistics.counts([10_000_000] * 3), 0.5)
        == 60_000
    )


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_percentile__many_values__lies_within_a_step_of_the_true_one(
    share: float,
) -> None:
    values = sorted(random.Random(7).lognormvariate(7.0, 0.6) for _ in range(5_000))
    true = percentile(values, share)

    found = statistics.histogram_percentile(statistics.counts(values), share)

    assert true is not None
    assert found is not None
    assert abs(found - true) <= (100 if true < 2_000 else 250)
