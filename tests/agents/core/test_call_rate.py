from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from agents.core import call_rate
from agents.models import ToolRate
from agents.tools import registry
from tests.agents.tools.conftest import Cast, call, context_of
from vouchers.models import Profile, Voucher


def test_execute__eleventh_call_of_a_customer_in_a_minute__is_refused(
    cast: Cast,
) -> None:
    began = time.monotonic()
    codes = [call(cast.aline, "list_vouchers").code for _ in range(11)]

    assert codes == [""] * 10 + ["rate_limited"]
    refused = call(cast.aline, "list_vouchers")
    passed = time.monotonic() - began
    assert 60 - passed <= refused.payload["seconds"] <= 60
    assert call(cast.bosco, "list_vouchers").succeeded


def test_execute__staff__may_call_sixty_times(cast: Cast) -> None:
    codes = [call(cast.diane, "list_vouchers").code for _ in range(61)]

    assert codes == [""] * 60 + ["rate_limited"]


def test_execute__pressed_button_after_many_calls__is_not_limited(cast: Cast) -> None:
    cast.issue(cast.aline)
    asked = call(cast.aline, "redeem_voucher", station="KIMIRONKO")
    for _ in range(12):
        call(cast.aline, "list_vouchers")
    assert asked.pending

    result = call(
        cast.aline, "redeem_voucher", confirmed=True, **asked.pending.arguments
    )

    assert result.effect
    assert Voucher.objects.get().status == "redeemed"


@pytest.mark.parametrize(
    ("role", "limit"),
    [("customer", 10), ("support", 10), ("staff", 60), ("station", 60)],
)
def test_limit_for__each_role__is_its_own(role: str, limit: int) -> None:
    assert call_rate.limit_for(Profile(role=role)) == limit


@pytest.mark.django_db
def test_take__calls_older_than_a_minute__no_longer_count() -> None:
    for _ in range(10):
        assert call_rate.take("one", limit=10) is None
    assert call_rate.take("one", limit=10) is not None

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents_toolrate SET taken_at[1] = now() - interval '3601 seconds'"
        )

    assert call_rate.take("one", limit=10) is None
    assert call_rate.take("one", limit=10) is not None
    assert len(ToolRate.objects.get().taken_at) == 10


@pytest.mark.parametrize(
    ("subject", "slots"), [("token:7", 16), ("api:7:1", 1), ("address:ab", 1)]
)
@pytest.mark.django_db
def test_take__calls_of_a_token__are_counted_in_slots(subject: str, slots: int) -> None:
    assert [call_rate.take(subject, limit=120) is None for _ in range(121)] == [
        True
    ] * 120 + [False]
    assert ToolRate.objects.filter(subject__startswith=subject).count() == slots


@pytest.mark.django_db
def test_purge__who_made_no_call_for_an_hour__is_forgotten() -> None:
    call_rate.take("old", limit=10)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents_toolrate SET taken_at[1] = now() - interval '3601 seconds'"
        )
    call_rate.take("new", limit=10)

    assert call_rate.purge() == 1
    assert ToolRate.objects.get().subject == "new"


def _take_at_once(subject: str, *, take: object) -> int:
    """Let 16 callers take at the same moment; return how many were let through."""
    barrier = threading.Barrier(16)

    def one() -> bool:
        barrier.wait()
        try:
            with transaction.atomic():
                return take(subject)  # type: ignore[operator, no-any-return]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as executor:
        results = [executor.submit(one) for _ in range(16)]
        return sum(result.result() for result in results)


def test_take__sixteen_at_once__lets_exactly_ten_through(committed_db: str) -> None:
    rounds = [
        _take_at_once(f"s{n}", take=lambda s: call_rate.take(s, limit=10) is None)
        for n in range(5)
    ]

    assert rounds == [10] * 5


def test_take__counted_and_then_written__lets_more_through(committed_db: str) -> None:
    """The control: without the one statement the race is lost."""

    def count_then_write(subject: str) -> bool:
        rate, _ = ToolRate.objects.get_or_create(
            subject=subject, defaults={"taken_at": []}
        )
        if len(rate.taken_at) >= 10:
            return False
        return call_rate.take(subject, limit=1_000) is None

    passed = [_take_at_once(f"s{n}", take=count_then_write) for n in range(5)]

    assert max(passed) > 10


def test_execute__unknown_tool__is_refused(cast: Cast) -> None:

    result = registry.execute("drop_tables", {}, context_of(cast.diane))

    assert result.code == "invalid_request"
