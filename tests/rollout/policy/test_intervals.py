from __future__ import annotations

import pytest

from rollout.policy.statistics import (
    binomial_cdf,
    clopper_pearson_lower,
    percentile,
    wilson,
)


# Conversations needed to prove a rate at 95 % confidence, from the reference.
@pytest.mark.parametrize(
    ("rate", "failures", "needed"),
    [
        (0.95, 0, 59),
        (0.95, 1, 93),
        (0.95, 2, 124),
        (0.90, 0, 29),
        (0.90, 1, 46),
        (0.90, 5, 103),
    ],
)
def test_clopper_pearson__needed_sample__is_that_of_the_reference(
    rate: float, failures: int, needed: int
) -> None:
    assert clopper_pearson_lower(needed - failures, needed) >= rate
    assert clopper_pearson_lower(needed - 1 - failures, needed - 1) < rate


def test_clopper_pearson__ten_of_ten__is_point_seven_four_one() -> None:
    assert clopper_pearson_lower(10, 10) == pytest.approx(0.741, abs=0.001)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (0, 10), (10, 10), (5, 10)])
def test_clopper_pearson__edges__stay_in_range(successes: int, n: int) -> None:
    assert 0 <= clopper_pearson_lower(successes, n) <= 1


def test_wilson__ten_of_ten__lower_bound_is_as_published() -> None:
    assert wilson(10, 10, z=1.645)[0] == pytest.approx(0.787, abs=0.001)


def test_binomial_cdf__half_of_a_fair_coin__is_exact() -> None:
    assert binomial_cdf(1, 2, 0.5) == pytest.approx(0.75)


def test_percentile__hundred_values__is_the_ninety_fifth() -> None:
    assert percentile([float(x) for x in range(1, 101)]) == 95
    assert percentile([]) is None


@pytest.mark.parametrize(("share", "value"), [(0.0, 7.0), (0.5, 7.0), (0.51, 8.0)])
def test_percentile__few_values__is_the_nearest_rank(
    share: float, value: float
) -> None:
    assert percentile([7.0, 8.0], share) == value
