from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import SendingRate
from agents.outbound import send_rate
from tests.vouchers.racing import race

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def take(conversation: int = 1, *, after: float = 0.0) -> float | None:
    return send_rate.take(
        conversation_id=conversation,
        phone_number_id="1",
        now=NOON + timedelta(seconds=after),
    )


@pytest.mark.django_db
def test_take__one_recipient__ten_at_once_and_then_one_in_six_seconds() -> None:
    assert [take(after=n / 10) for n in range(10)] == [None] * 10
    assert take(after=1) == pytest.approx(5.0, abs=0.01)
    assert take(after=5.99) is not None
    assert take(after=6) is None
    assert take(after=6.1) is not None
    assert [take(after=6 + 6 * n) for n in range(1, 5)] == [None] * 4


@pytest.mark.django_db
def test_take__one_number__sixty_a_second_for_all_recipients() -> None:
    # When: a thousand people, asked every 10 ms for 5 seconds
    taken = sum(
        take(n, after=second + tick / 100) is None
        for second in range(5)
        for tick in range(100)
        for n in [1_000 + second * 100 + tick]
    )

    # Then
    assert 5 * 60 <= taken <= 5 * 60 + send_rate.NUMBER.burst + 1


@pytest.mark.django_db
def test_take__number_has_no_token__recipient_token_given_back() -> None:
    # Given
    for n in range(send_rate.NUMBER.burst):
        assert take(100 + n) is None

    # When
    waits = [take(1) for _ in range(20)]

    # Then: after twenty refusals all ten tokens are left
    assert all(wait is not None and wait <= 1 / 60 + 0.001 for wait in waits)
    assert [take(1, after=1 + n) for n in range(10)] == [None] * 10


@pytest.mark.django_db
def test_purge__full_buckets__deleted() -> None:
    # Given
    SendingRate.objects.create(key="pair:1", full_at=timezone.now())
    soon = timezone.now() + timedelta(minutes=1)
    SendingRate.objects.create(key="pair:2", full_at=soon)

    # When
    assert send_rate.purge() == 1

    # Then
    assert SendingRate.objects.get().key == "pair:2"


def _passed(call: Callable[[], float | None]) -> int:
    results = race(*[call] * 16)
    assert not [each for each in results if isinstance(each, Exception)]
    return sum(each is None for each in results)


def test_take__sixteen_workers_at_once__exactly_ten_pass(committed_db: str) -> None:
    passed = [
        _passed(lambda n=n: send_rate.take_one(f"pair:{n}", send_rate.PAIR, now=NOON))
        for n in range(4)
    ]

    assert passed == [10] * 4


def test_take__check_and_take_in_two_statements__loses_the_race(
    committed_db: str,
) -> None:
    """The control: two statements lose the race."""

    def look_then_take() -> float | None:
        bucket, _ = SendingRate.objects.get_or_create(
            key="pair:1", defaults={"full_at": NOON}
        )
        if bucket.full_at > NOON + timedelta(seconds=54):
            return 6.0
        with connection.cursor() as cursor:
            # Time for the others to look, too.
            cursor.execute("SELECT pg_sleep(0.05)")
        bucket.full_at += timedelta(seconds=6)
        bucket.save(update_fields=["full_at"])
        return None

    assert _passed(look_then_take) > 10
