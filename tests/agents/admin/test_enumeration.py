"""A user of the back office learns of twenty unknown numbers or ten codes an hour."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.backoffice import Records, create_records, signed_in
from vouchers.admin.base import NumberSearchAdmin
from vouchers.codes import new_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db

admin.autodiscover()
# Every list that is searched by a number.
LISTS = [
    f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    for model, page in admin.site._registry.items()
    if isinstance(page, NumberSearchAdmin) and page.number_lookup
]
LOCKED = "Too many unknown numbers."


@pytest.fixture
def records(switch: Callable[..., None]) -> Records:
    switch(chat=True, vouchers=True)
    return create_records()


def search(client: Client, page: str, number: str) -> str:
    answer = client.get(reverse(page), {"q": number}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_lists__searched_by_number__are_known() -> None:
    assert len(LISTS) >= 4


SPELLINGS = ("0788{:06}", "+250 788 {:06}", "250788{:06}")


@pytest.mark.parametrize("page", LISTS)
def test_search__unknown_numbers__locked_after_twenty(
    records: Records, page: str
) -> None:
    """The spellings take turns: one that did not count would leave the page open."""
    # Given
    client = signed_in("superuser")
    for number, spelling in zip(range(20), cycle(SPELLINGS), strict=False):
        assert LOCKED not in search(client, page, spelling.format(900_000 + number))

    # Then: known numbers as well, here and in the next list, and so in all
    known = str(records.cast.aline.profile.msisdn)
    for other in (page, LISTS[LISTS.index(page) - 1]):
        assert LOCKED in search(client, other, known)
    assert LOCKED not in search(client, page, "Aline")


def find(client: Client, code: str) -> str:
    answer = client.post(
        reverse("admin:vouchers_voucher_find_by_code"), {"code": code}, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("role", ["viewer", "support", "operator"])
def test_find_by_code__wrong_codes__locked_for_the_right_one_too(
    records: Records, role: str
) -> None:
    # Given
    client = signed_in(role)
    for _ in range(10):
        assert "There is no voucher" in find(client, new_code().digits)

    # Then
    code = records.issued.code
    assert code is not None
    assert "Too many wrong codes" in find(client, code.digits)
    assert "Too many wrong codes" in find(client, new_code().digits)
    # Another user is not locked.
    assert records.issued.voucher.reference in find(signed_in("superuser"), code.digits)


def test_search__unknown_codes__locked_for_the_right_one_too(records: Records) -> None:
    # Given
    client = signed_in("support")
    page = "admin:vouchers_voucher_changelist"
    code = records.issued.code
    assert code is not None
    reference = records.issued.voucher.reference
    assert reference in search(client, page, code.formatted)
    for _ in range(10):
        assert "There is no voucher" in search(client, page, new_code().formatted)

    # Then: by the form as well
    assert "Too many wrong codes" in search(client, page, code.formatted)
    assert "Too many wrong codes" in find(client, code.digits)
    assert reference in search(client, page, reference)


def test_search__code_with_a_wrong_digit__is_no_guess(records: Records) -> None:
    client = signed_in("support")
    code = records.issued.code
    assert code is not None
    wrong = f"{code.digits[:-1]}{(int(code.digits[-1]) + 1) % 10}"
    for _ in range(12):
        assert "check digit" in search(
            client, "admin:vouchers_voucher_changelist", wrong
        )

    assert records.issued.voucher.reference in find(client, code.digits)
