from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.dashboard.charts import read_charts, requests_an_hour
from rollout.evidence.figures import Figures, Point
from tests.rollout import seeding

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wanted", ["24h", "7d", "30d", "", "<script>"])
def test_charts__any_range__are_drawn_with_a_table_each(
    wanted: str, django_assert_num_queries: Any
) -> None:
    seeding.rollups(days=31, an_hour=60)

    with django_assert_num_queries(2):
        found = read_charts(wanted)

    assert found.range == (wanted if wanted in {"24h", "7d", "30d"} else "24h")
    for chart in found.charts:
        assert chart.drawing.startswith("<svg")
        assert len(chart.table) == len(chart.times) >= 24
    assert not found.errors or found.errors[0][0] == "timeout"


def test_charts__nothing_happened__draw_gaps_and_never_a_zero_latency() -> None:
    latency = next(
        chart for chart in read_charts("24h").charts if chart.name == "latency"
    )

    assert {value for line in latency.lines for value in line.values} == {None}
    assert latency.total == "p95 —"


def test_charts__the_step_that_still_runs__is_no_fall() -> None:
    # Given: 300 requests in each whole hour, 150 in half of the last.
    begin = datetime(2026, 11, 22, tzinfo=UTC)
    hour = timedelta(hours=1)
    points = [
        Point(begin + n * hour, Figures(seconds=3600, turns=turns))
        for n, turns in enumerate((300, 300, 150))
    ]

    # Then
    half = requests_an_hour(points, begin + 2.5 * hour)
    assert half == [300, 300, 300]
    begun = requests_an_hour(points, begin + 2.01 * hour)
    assert begun == [300, 300, None]
