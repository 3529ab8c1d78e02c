from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rollout.core import display_formatting


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=4), "4 h"),
        (timedelta(hours=4, minutes=1), "4 h 1 min"),
        (timedelta(days=2, hours=4, minutes=50), "2 d 4 h"),
    ],
)
def test_span__any_length__two_units_at_most(time: timedelta, said: str) -> None:
    assert display_formatting.span(time) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "—"), (0.0, "0 %"), (0.954, "95.4 %"), (1.0, "100 %"), (0.5, "50 %")],
)
def test_share__nothing_known__is_not_zero(value: float | None, said: str) -> None:
    assert display_formatting.share(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "—"), (Decimal(0), "$0.00"), (0.0621, "$0.062"), (1234.5, "$1,234.50")],
)
def test_usd__small_amounts__keep_a_tenth_of_a_cent(
    value: Decimal | float | None, said: str
) -> None:
    assert display_formatting.usd(value) == said
