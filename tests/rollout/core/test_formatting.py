from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from rollout.core import formatting


@pytest.mark.parametrize(
    ("time", "told"),
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
def test_lasted__each_size__two_units(time: timedelta, told: str) -> None:
    assert formatting.lasted(time) == told


@pytest.mark.parametrize(
    ("amount", "told"),
    [(None, "—"), ("0", "$0.00"), ("0.03125", "$0.0312"), ("12.5", "$12.50")],
)
def test_usd__each_size__fine_where_it_is_small(amount: str | None, told: str) -> None:
    assert formatting.usd(Decimal(amount) if amount else None) == told
