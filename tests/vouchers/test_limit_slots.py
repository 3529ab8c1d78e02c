"""The daily sum of a token is divided among slots; together they keep to the limit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from tests.vouchers.conftest import rwf
from tests.vouchers.racing import kinds, race, without
from vouchers.actors import Actor
from vouchers.errors import LimitExceeded
from vouchers.models import LimitCounter, Profile, Voucher
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.usefixtures("committed_db")

TOKEN = Actor("token", "7:caller", "api")


@pytest.fixture
def people(committed_db: str) -> list[Profile]:
    return [Profile.objects.create(msisdn=f"+2507880020{n:02}") for n in range(24)]


def issue(person: Profile, amount: int, key: str) -> object:
    return issue_voucher(customer=person, amount=rwf(amount), actor=TOKEN, key=key)


def issued_minor() -> int:
    return Voucher.objects.aggregate(all=Sum("amount_minor"))["all"] or 0


def counted_minor() -> int:
    slots = LimitCounter.objects.filter(kind="issuer")
    return slots.aggregate(all=Sum("used_minor"))["all"] or 0


# Amount, limit: a share of the limit holds no amount, one, or several.
@pytest.mark.parametrize(
    ("amount", "limit"),
    [(10_000, 50_000), (1_000, 16_000), (1_000, 20_999), (100, 1_600), (7, 100)],
)
def test_issue__at_once_with_one_token__exactly_what_the_limit_allows(
    people: list[Profile], settings: SettingsWrapper, amount: int, limit: int
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY = limit
    allowed = min(24, limit // amount)

    # When
    results = race(
        *(partial(issue, p, amount, f"race:{at}") for at, p in enumerate(people))
    )

    # Then
    expected = {"Issued": allowed, "LimitExceeded": 24 - allowed}
    assert kinds(results) == {kind: n for kind, n in expected.items() if n}
    assert issued_minor() == counted_minor() == allowed * amount


def test_issue__at_once_without_the_guards__control_exceeds(
    people: list[Profile], settings: SettingsWrapper
) -> None:
    settings.VOUCHER_ISSUER_DAILY = 50_000
    without("issue", " ORDER BY c.slot FOR UPDATE")
    results = race(
        *(partial(issue, p, 10_000, f"race:{at}") for at, p in enumerate(people))
    )
    assert issued_minor() > 50_000 or counted_minor() != issued_minor(), results


def test_issue__different_amounts_one_by_one__refused_only_beyond_the_limit(
    people: list[Profile], settings: SettingsWrapper
) -> None:
    settings.VOUCHER_ISSUER_DAILY = 10_000
    settings.VOUCHER_CUSTOMER_DAILY = 1_000_000
    used = 0
    for at in range(60):
        amount = 37 + (at * 311) % 900
        try:
            issue(people[at % 24], amount, f"turn:{at}")
        except LimitExceeded:
            assert used + amount > 10_000
        else:
            used += amount
            assert used <= 10_000
    assert used == counted_minor() == issued_minor()
    assert used > 9_900


@pytest.mark.parametrize("limit", [3_000, 5_000, 20_000])
def test_issue__limit_changed_during_the_day__the_new_one_holds(
    people: list[Profile], settings: SettingsWrapper, limit: int
) -> None:
    # Given
    settings.VOUCHER_ISSUER_DAILY = 10_000
    for at in range(4):
        issue(people[at], 1_000, f"turn:{at}")

    # When
    settings.VOUCHER_ISSUER_DAILY = limit
    results = race(
        *(partial(issue, p, 1_000, f"race:{at}") for at, p in enumerate(people))
    )

    # Then
    allowed = min(24, max(0, limit - 4_000) // 1_000)
    assert kinds(results).get("Issued", 0) == allowed
    assert counted_minor() == 4_000 + allowed * 1_000


def test_issue__customer_limit_refuses__issuer_sum_is_as_before(
    people: list[Profile], settings: SettingsWrapper
) -> None:
    settings.VOUCHER_CUSTOMER_DAILY = 1_000
    issue(people[0], 1_000, "turn:1")
    before = counted_minor()

    with pytest.raises(LimitExceeded, match="customer") as error:
        issue(people[0], 1, "turn:2")

    assert error.value.facts["limit"] == "customer_daily"
    assert counted_minor() == before == issued_minor()


def test_issue__one_open_transaction__others_of_the_token_do_not_wait(
    people: list[Profile],
) -> None:
    """With one row for the sum all of them would wait; by chance, one in 16 does."""

    def issue_without_waiting(at: int) -> object:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            return issue(people[at], 1, f"turn:{at}")

    # Given: the slots are there
    issue(people[0], 1, "turn:0")

    # When
    with transaction.atomic():
        issue(people[1], 1, "turn:1")
        results = [
            result
            for at in range(2, 22)
            for result in race(partial(issue_without_waiting, at))
        ]

    # Then
    assert kinds(results)["Issued"] >= 10, results
