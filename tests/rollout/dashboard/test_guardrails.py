from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from rollout.dashboard.charts import Canvas, charts
from rollout.dashboard.guardrails import Card, _cost, guards
from rollout.evidence.figures import Figures, Point
from rollout.models import Evaluation
from tests.rollout import seeding

pytestmark = pytest.mark.django_db


def judge(*verdicts: dict[str, Any], minutes_ago: float = 0.5) -> None:
    Evaluation.objects.create(
        at=timezone.now() - timedelta(minutes=minutes_ago),
        verdicts=list(verdicts),
        action="none",
        severity="low",
        because="All guardrails hold.",
    )


def verdict(guardrail: str, level: str, **facts: object) -> dict[str, Any]:
    return {"guardrail": guardrail, "channel": "chat", "level": level, **facts}


def card(guardrail: str, channel: str = "chat") -> Card:
    return next(
        each
        for each in guards().cards
        if (each.guardrail, each.channel) == (guardrail, channel)
    )


def test_cards__nothing_known__are_all_without_data_and_none_is_green() -> None:
    found = guards()

    assert {each.level for each in found.cards} == {"no_data"}
    assert {each.now for each in found.cards} == {"—"}
    assert found.tick.is_late


def test_cards__judged_well_without_figures__is_no_data_not_green() -> None:
    judge(verdict("success", "ok"))

    assert card("success").level == "no_data"
    assert "Nothing gives way; 11 of 11 have no data." in guards().sentence


def test_cards__judged_and_measured__tell_now_n_interval_and_evidence() -> None:
    # Given
    seeding.rollups(days=2, an_hour=60)
    judge(verdict("success", "ok", evidence=0.41, n=100))

    # When
    found = card("success")

    # Then
    assert found.level == "ok"
    assert found.now.startswith("97")
    assert found.n > 500
    assert found.evidence == pytest.approx(0.41)
    assert "calls: 9" in found.interval
    assert found.spark.startswith("<svg")


def test_cards__judged_ten_minutes_ago__say_nothing_about_now() -> None:
    seeding.rollups(days=2, an_hour=60)
    judge(verdict("success", "ok"), minutes_ago=10)

    found = guards()

    assert card("success").level == "no_data"
    assert found.tick.is_late
    assert found.tick.sentence.startswith("judged 10 min ago")


def test_cards__leak_confirmed__is_broken_and_counted() -> None:
    judge({"guardrail": "pii", "channel": "", "level": "breach", "value": 2})

    assert (card("pii", "").level, card("pii", "").now) == ("breach", "2 confirmed")


def test_cards__price_unknown__says_of_how_many() -> None:
    figures = Figures(conversations=5, priced=3, cost=Decimal("0.3"))

    now, target, words = _cost(figures, "chat")

    assert (now, target) == ("$0.100", "below $0.100")
    assert words == "$0.300 in all; the price of 2 is not known"


@pytest.mark.parametrize("wanted", ["24h", "7d", "30d", "", "<script>"])
def test_charts__any_range__are_drawn_with_a_table_each(
    wanted: str, django_assert_num_queries: Any
) -> None:
    seeding.rollups(days=31, an_hour=60)

    with django_assert_num_queries(2):
        found = charts(wanted)

    assert found.range == (wanted if wanted in {"24h", "7d", "30d"} else "24h")
    for chart in found.charts:
        assert chart.drawing.startswith("<svg")
        assert len(chart.table) == len(chart.times) >= 24
    assert not found.errors or found.errors[0][0] == "timeout"


def test_charts__nothing_happened__draw_gaps_and_never_a_zero_latency() -> None:
    latency = next(chart for chart in charts("24h").charts if chart.name == "latency")

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
    half = Canvas(points, [], "H:i", ["a", "b", "c"], begin + 2.5 * hour)
    assert half.requests() == [300, 300, 300]
    begun = Canvas(points, [], "H:i", ["a", "b", "c"], begin + 2.01 * hour)
    assert begun.requests() == [300, 300, None]
