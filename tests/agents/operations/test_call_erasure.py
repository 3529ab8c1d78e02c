"""Erasure and retention of what was said in calls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import Call, CallEvent, RealtimeEvent
from agents.operations import erasure, retention
from tests.agents.calls.callers import ended
from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
ALINE, BOSCO = "+250788100001", "+250788100002"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def heard(call: Call, *, days_ago: float = 0) -> CallEvent:
    return CallEvent.objects.create(
        call=call,
        kind="heard",
        at=timezone.now() - timedelta(days=days_ago),
        text="I am Aline",
    )


def test_erase__person_who_called__words_and_number_go_and_figures_stay(
    cast: Cast,
) -> None:
    own, other = ended(ALINE), ended(BOSCO)
    words = [heard(own), heard(other)]

    assert erasure.erase_person(
        profile=cast.aline.profile, reason="asked", actor="odette"
    )

    for row in (*words, own, other):
        row.refresh_from_db()
    assert [row.text for row in words] == ["", "I am Aline"]
    assert (own.caller_hmac, own.caller_masked) == (None, "")
    assert other.caller_masked
    assert RealtimeEvent.objects.get(call=own).body is None
    assert RealtimeEvent.objects.get(call=other).body is not None
    assert own.events.filter(kind="ended").count() == 1


@pytest.mark.parametrize(("days_ago", "is_kept"), [(89, True), (91, False)])
def test_retention__words__blanked_after_90_days(
    cast: Cast, days_ago: int, *, is_kept: bool
) -> None:
    row = heard(ended(ALINE), days_ago=days_ago)

    retention.JOBS["retention.message_texts"]()

    row.refresh_from_db()
    assert (row.text != "") == is_kept
