from __future__ import annotations

import pytest

from rollout.dashboard import svg
from rollout.dashboard.svg import Annotation, Series


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0.0, 1.0], "M0.0 100.0L1000.0 0.0"),
        ([1.0, None, 0.5, 0.5], "M0.0 0.0h6.0M666.7 50.0L1000.0 50.0"),
        ([None, None], ""),
        ([], ""),
        ([2.0, -1.0], "M0.0 0.0L1000.0 100.0"),
    ],
)
def test_path__gaps_and_outliers__lifts_the_pen_and_stays_inside(
    values: list[float | None], drawn: str
) -> None:
    assert svg.path(values, 1.0) == drawn


@pytest.mark.parametrize(
    ("value", "top"),
    [(0, 1), (0.07, 0.1), (1, 1), (1.1, 2), (2.2, 2.5), (26, 50), (730, 1000)],
)
def test_round_up__any_value__is_round_and_not_below(value: float, top: float) -> None:
    assert svg.round_up(value) == pytest.approx(top)


def test_chart__annotations__are_escaped() -> None:
    drawing = svg.chart(
        svg.curves([Series("p95", "a", (1.0, 2.0))], top=2.0, target=1.5),
        scale=[(0.0, "0"), (2.0, "2")],
        annotations=[Annotation(0.5, 1, "<script>alert(1)</script>")],
        times=["00:00", "12:00"],
    )

    assert "<script>" not in drawing
    assert "&lt;script&gt;" in drawing


def test_columns__two_lines__lie_on_top_of_each_other() -> None:
    drawing = svg.columns(
        [Series("good", "a", (3.0,)), Series("bad", "b", (1.0,))], top=4.0
    )

    assert 'class="a" x="100.0" y="25.00" width="800.0" height="75.00"' in drawing
    assert 'class="b" x="100.0" y="0.00" width="800.0" height="25.00"' in drawing
