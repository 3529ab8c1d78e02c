from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rollout.core import formatting


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=4), "4 h"),
        (timedelta(hours=4, minutes=1), "4 h 1 min"),
        (timedelta(days=2, hours=4, minutes=50), "2 d 4 h"),
    ],
)
def test_duration__any__at_most_two_units(time: timedelta, text: str) -> None:
    assert formatting.duration(time) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(milliseconds=38), "38 ms"),
        (timedelta(seconds=1.44), "1.4 s"),
        (timedelta(seconds=59.99), "60.0 s"),
        (timedelta(minutes=4), "4 min"),
        (timedelta(minutes=4, seconds=5), "4 min 5 s"),
        (timedelta(hours=2, minutes=1), "2 h 1 min"),
        (timedelta(days=3, minutes=9), "3 d"),
        (timedelta(seconds=-1), "—"),
    ],
)
def test_exact_duration__any__at_most_two_units(time: timedelta, text: str) -> None:
    assert formatting.exact_duration(time) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (0.0, "0 %"), (0.954, "95.4 %"), (1.0, "100 %"), (0.5, "50 %")],
)
def test_share__unknown__is_not_zero(value: float | None, text: str) -> None:
    assert formatting.share(value) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "—"),
        (Decimal(0), "$0.00"),
        (Decimal("0.03125"), "$0.0312"),
        (0.0621, "$0.0621"),
        (Decimal("12.5"), "$12.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_usd__less_than_one__four_decimals(
    amount: Decimal | float | None, text: str
) -> None:
    assert formatting.usd(amount) == text
