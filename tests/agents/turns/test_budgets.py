from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import Turn
from agents.turns import budgets
from tests.agents.cast import make_cast
from tests.agents.outcomes.test_recording import talked

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.django_db
def test_is_over_hour__used_up_and_cached__still_over_until_read_again(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(budgets, "HOUR_CACHE", {})
    monkeypatch.setattr(budgets, "CACHE_S", 3600.0)
    settings.HOURLY_TOKENS = 100
    person = make_cast().aline
    turn = talked(person, timedelta(), input_tokens=60, output_tokens=40)
    assert budgets.is_over_hour() is True

    # When
    Turn.objects.filter(pk=turn.pk).update(started_at=timezone.now() - budgets.HOUR)

    # Then
    assert budgets.is_over_hour() is True
    budgets.HOUR_CACHE.clear()
    assert budgets.is_over_hour() is False
