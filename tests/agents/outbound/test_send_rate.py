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

    from pytest_django.fixtures import SettingsWrapper

    from agents.outbound.send_rate import Delay

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def take(conversation: int = 1, *, after: float = 0.0) -> Delay | None:
    return send_rate.take(
        conversation_id=conversation,
        phone_number_id="1",
        now=NOON + timedelta(seconds=after),
    )


@pytest.mark.django_db
def test_take__one_recipient__ten_at_once_and_then_one_in_six_seconds() -> None:
    assert [take(after=n / 10) for n in range(10)] == [None] * 10
    assert take(after=1) == (pytest.approx(5.0, abs=0.01), False)
    assert take(after=5.99) is not None
    assert take(after=6) is None
    assert take(after=6.1) is not None
    assert [take(after=6 + 6 * n) for n in range(1, 5)] == [None] * 4


@pytest.mark.django_db
@pytest.mark.parametrize("rate", [60, 20, 90])
def test_take__one_number__each_recipient_asks_once_for_a_moment_of_its_own(
    rate: int, settings: SettingsWrapper
) -> None:
    # Given
    settings.WA_MESSAGES_A_SECOND = rate

    # When: two hundred people, one every 10 ms
    moments = []
    for n in range(200):
        delay = take(1_000 + n, after=n / 100)
        assert delay is None or delay.has_token
        moments.append(n / 100 + (delay.seconds if delay else 0.0))

    # Then: in their order, and never more than the rate
    assert moments == sorted(moments)
    for first in range(200 - rate - 10):
        assert moments[first + rate + 10] - moments[first] >= 0.999
    assert moments[-1] == pytest.approx(max(1.99, 190 / rate), abs=0.05)


@pytest.mark.django_db
def test_take__number_has_no_token__recipient_token_given_back() -> None:
    # Given: all tokens of the advance are taken
    taken = 10 + 60 * int(send_rate.ADVANCE_S)
    assert all(
        delay is None or delay.has_token for delay in map(take, range(100, 100 + taken))
    )

    # When
    delays = [take(1) for _ in range(20)]

    # Then: after twenty refusals all ten tokens are left
    assert all(delay and not delay.has_token for delay in delays)
    assert all(delay and 4.0 <= delay.seconds < 4.1 for delay in delays)
    assert [take(1, after=9 + n) for n in range(10)] == [None] * 10


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
