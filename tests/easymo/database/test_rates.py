from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from agents.models import ToolRate
from easymo.database.rates import Rates, function_sql
from tests.live import lock_is_waited_for, until
from tests.vouchers.racing import race

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("committed_db")

TABLE = "agents_toolrate"
RATES = Rates(TABLE, 60)
LIMIT = 10
GUARD = """
             WHERE (SELECT count(*) FROM unnest(rate.taken_at) AS at
                     WHERE at > clock_timestamp() - span) < share"""


def take(slots: int, subject: str = "one") -> bool:
    return RATES.take(subject, limit=LIMIT, window=60, slots=slots) is None


def take_in_transaction(slots: int, *, commits: bool = True) -> bool:
    with transaction.atomic():
        taken = take(slots)
        if not commits:
            transaction.set_rollback(True)
        return taken


def counted() -> int:
    return sum(len(row.taken_at) for row in ToolRate.objects.all())


@pytest.mark.parametrize("slots", [1, 3, 4, 10, 16])
@pytest.mark.parametrize("callers", [10, 24])
def test_take__many_at_once__exactly_the_limit(slots: int, callers: int) -> None:
    results = race(*[partial(take_in_transaction, slots)] * callers)

    assert results.count(True) == LIMIT
    assert results.count(False) == callers - LIMIT
    assert counted() == LIMIT


@pytest.mark.parametrize("slots", [1, 4])
def test_take__many_at_once_without_the_guard__control_exceeds(slots: int) -> None:
    text = function_sql(TABLE)
    assert GUARD in text
    with connection.cursor() as cursor:
        cursor.execute(text.replace(GUARD, ""))

    results = race(*[partial(take_in_transaction, slots)] * 24)

    assert results.count(True) > LIMIT


@pytest.mark.parametrize("slots", [1, 3, 4, 16])
def test_take__every_second_is_rolled_back__leaves_nothing_behind(slots: int) -> None:
    """Of 16 calls, 8 commit; all of these pass, whatever the others hold meanwhile."""
    calls = [
        partial(take_in_transaction, slots, commits=bool(at % 2)) for at in range(16)
    ]
    results = race(*calls)

    committed = results[1::2].count(True)
    assert committed == 8
    assert counted() == committed
    assert [take(slots) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("slots", [1, 4, 16])
def test_take__last_place_is_held__waits_for_what_becomes_of_it(
    slots: int, commits: bool
) -> None:
    # Given
    for _ in range(LIMIT - 1):
        assert take(slots)
    holds, second = threading.Event(), list[bool]()

    def first() -> None:
        with transaction.atomic():
            assert take(slots)
            holds.set()
            until(lambda: second or lock_is_waited_for())
            transaction.set_rollback(not commits)

    def wait() -> None:
        holds.wait(60)
        second.append(take_in_transaction(slots))

    # When
    race(first, wait)

    # Then
    assert second == [not commits]
    assert counted() == LIMIT


def test_take__another_transaction_is_open__other_slots_do_not_wait() -> None:
    """With one slot all of them would wait; by chance, one in 16 does."""

    def take_without_waiting() -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            return RATES.take("many", limit=160, window=60, slots=16) is None

    with transaction.atomic():
        assert RATES.take("many", limit=160, window=60, slots=16) is None
        results = [race(take_without_waiting)[0] for _ in range(20)]

    assert results.count(True) >= 10


@pytest.mark.parametrize("slots", [1, 4, 10, 16])
def test_take__one_after_another__each_slot_keeps_to_its_share(slots: int) -> None:
    assert [take(slots) for _ in range(LIMIT + 3)] == [True] * LIMIT + [False] * 3

    used = min(slots, LIMIT)
    rows = {row.subject: len(row.taken_at) for row in ToolRate.objects.all()}
    assert set(rows) == {"one", *(f"one#{n}" for n in range(1, used))}
    assert max(rows.values()) - min(rows.values()) <= 1


@pytest.mark.parametrize("slots", [1, 4])
def test_take__refused__tells_when_the_next_is_free(slots: int) -> None:
    for _ in range(LIMIT):
        assert take(slots)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET taken_at[1] = clock_timestamp() - interval '40 s'"
            " WHERE subject = 'one'"
        )

    seconds = RATES.take("one", limit=LIMIT, window=60, slots=slots)

    assert seconds is not None
    assert 1 <= seconds <= 20


@pytest.mark.parametrize("slots", [1, 4])
def test_take__window_has_passed__is_free_again(slots: int) -> None:
    for _ in range(LIMIT):
        assert take(slots)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET taken_at = ARRAY(SELECT at - interval '61 s'"
            " FROM unnest(taken_at) at)"
        )

    assert [take(slots) for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]


def test_take__full_and_refused__locks_no_row() -> None:
    for _ in range(LIMIT):
        assert take(4)
    refused: Callable[[], bool] = partial(take_in_transaction, 4)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert not take(4)
        # A call beside it ends while this transaction is open.
        assert pool.submit(race, refused).result(timeout=60) == [False]
