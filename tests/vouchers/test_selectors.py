from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting
from vouchers import selectors
from vouchers.codes import new_code
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from vouchers.models import Profile
    from vouchers.services.issue import Issued

pytestmark = pytest.mark.django_db


def test_selectors__one_voucher__is_found_by_each_identifier(
    issued: Issued, aline: Profile, bosco: Profile
) -> None:
    voucher = issued.voucher
    assert issued.code is not None
    assert selectors.voucher_by_code(issued.code) == voucher
    assert selectors.voucher_by_code(new_code()) is None
    assert selectors.voucher_by_reference(f" {voucher.reference.lower()} ") == voucher
    assert selectors.voucher_by_reference("V\x00") is None
    assert selectors.voucher_by_public_id(voucher.public_id) == voucher
    assert list(selectors.vouchers_of(aline)) == [voucher]
    assert not selectors.vouchers_of(bosco)


def test_trail__with_notes__is_one_query_in_order(
    issued: Issued,
    diane: Profile,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    void_voucher(
        voucher_id=issued.voucher.public_id,
        reason="Wrong",
        actor=acting(diane),
        key="turn:1:0",
    )
    with django_assert_num_queries(1):
        first, last = selectors.trail(issued.voucher)
        assert (first.kind, last.kind, last.note.text) == ("issued", "voided", "Wrong")
    assert not selectors.refusals(issued.voucher)
