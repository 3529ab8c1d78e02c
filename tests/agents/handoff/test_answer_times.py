"""The times of a task: asked, claimed, first answered, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.utils import IntegrityError
from django.utils import timezone

from agents.handoff import inbox
from agents.handoff.answer_times import answer_times, report
from agents.models import HandOff
from agents.operations import metrics
from tests.agents.handoff.test_inbox import answer, asks, claim, close, key

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db


def test_times__claimed_then_answered_twice__the_first_of_each(
    cast: Cast, odette: User, pascal: User
) -> None:
    # Given
    task = asks(cast)

    # When
    claim(cast, odette)
    task.refresh_from_db()
    claimed_at = task.claimed_at
    assert (claimed_at is not None, task.first_answer_at) == (True, None)
    answer(cast, odette)
    task.refresh_from_db()
    first = task.first_answer_at
    claim(cast, pascal, instead_of=odette.pk)
    answer(cast, pascal)
    inbox.hand_back(
        conversation=cast.aline.chat, user=pascal, key=key(), may_close=True
    )

    # Then
    task.refresh_from_db()
    assert (task.claimed_at, task.first_answer_at) == (claimed_at, first)
    assert first is not None
    assert task.closed_at is not None
    assert task.opened_at <= task.claimed_at <= first <= task.closed_at


@pytest.mark.parametrize("kind", HandOff.Kind)
def test_times__answered_without_a_claim__of_tasks_of_the_inbox_only(
    cast: Cast, odette: User, kind: HandOff.Kind
) -> None:
    task = asks(cast, kind)
    answer(cast, odette)
    task.refresh_from_db()
    is_elsewhere = kind in {HandOff.Kind.IDENTITY, HandOff.Kind.DEVICE}
    assert (task.first_answer_at is None) == is_elsewhere
    assert (task.claimed_at is None) == is_elsewhere


def test_times__closed_without_an_answer__none(cast: Cast, odette: User) -> None:
    task = asks(cast)
    close(task)
    answer(cast, odette)
    task.refresh_from_db()
    assert (task.claimed_at, task.first_answer_at) == (None, None)


@pytest.mark.parametrize("claimed_in", [None, 60])
def test_times__answer_before_the_claim__cannot_be_written(
    cast: Cast, claimed_in: int | None
) -> None:
    task, now = asks(cast), timezone.now()
    claimed_at = now + timedelta(seconds=claimed_in) if claimed_in else None
    with pytest.raises(IntegrityError, match="hand_off_answered_after_claim"):
        HandOff.objects.filter(pk=task.pk).update(
            claimed_at=claimed_at, first_answer_at=now
        )


def test_report__answers_of_today_and_before__median_and_95_percent(cast: Cast) -> None:
    # Given: five answers of this moment and one of three days ago
    now = timezone.now()
    for waited, ago in ((10, 0), (20, 0), (30, 0), (40, 0), (100, 0), (900, 3)):
        at = now - timedelta(days=ago)
        task = HandOff.objects.create(
            kind=HandOff.Kind.ASKED,
            profile=cast.aline.profile,
            conversation=cast.aline.chat,
            reason="x",
            closed_at=at,
            claimed_at=at,
            first_answer_at=at,
        )
        opened = at - timedelta(seconds=waited)
        HandOff.objects.filter(pk=task.pk).update(opened_at=opened)

    # When
    found = dict(report())
    shown = {
        sample.labels["quantile"]: sample.value
        for family in metrics._answer_times()
        for sample in family.samples
    }

    # Then
    assert (found["today"].count, found["7 days"].count) == (5, 6)
    assert (found["today"].median_s, found["7 days"].median_s) == (30, 35)
    assert found["today"].p95_s == pytest.approx(88)
    assert shown == {"0.5": 30, "0.95": pytest.approx(88)}
    assert answer_times(since=now + timedelta(days=1)).median_s is None
