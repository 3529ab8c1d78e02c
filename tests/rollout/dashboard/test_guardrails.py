from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from rollout.dashboard.guardrails import GuardrailCard, _readings, guardrail_cards
from rollout.evidence.figures import Figures
from rollout.models import Evaluation
from rollout.policy.verdicts import Guardrail
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


def card(guardrail: str, channel: str = "chat") -> GuardrailCard:
    return next(
        each
        for each in guardrail_cards().cards
        if (each.guardrail, each.channel) == (guardrail, channel)
    )


def test_cards__nothing_known__are_all_without_data_and_none_is_green() -> None:
    found = guardrail_cards()

    assert {each.level for each in found.cards} == {"no_data"}
    assert {each.now for each in found.cards} == {"—"}
    assert found.tick.is_late


def test_cards__judged_well_without_figures__is_no_data_not_green() -> None:
    judge(verdict("success", "ok"))

    assert card("success").level == "no_data"
    assert (
        "No guardrail is broken; 11 of 11 have no data." in guardrail_cards().sentence
    )


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

    found = guardrail_cards()

    assert card("success").level == "no_data"
    assert found.tick.is_late
    assert found.tick.sentence.startswith("evaluated 10 min ago")


def test_cards__leak_confirmed__is_broken_and_counted() -> None:
    judge({"guardrail": "pii", "channel": "", "level": "breach", "value": 2})

    assert (card("pii", "").level, card("pii", "").now) == ("breach", "2 confirmed")


def test_cards__price_unknown__says_of_how_many() -> None:
    figures = Figures(conversations=5, priced=3, cost=Decimal("0.3"))

    now, target, words = _readings(Guardrail.COST, figures, "chat")

    assert (now, target) == ("$0.1000", "below $0.1000")
    assert words == "$0.3000 in all; the price of 2 is not known"
