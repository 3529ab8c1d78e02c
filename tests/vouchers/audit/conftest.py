from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.conftest import acting
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.redeem import redeem_voucher
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchers.models import Profile, Station, Voucher


@pytest.fixture
def issue(
    aline: Profile, diane: Profile, key: Callable[[], str]
) -> Callable[[], Voucher]:
    def make() -> Voucher:
        return issue_voucher(
            customer=aline, amount=Money(5000, "RWF"), actor=acting(diane), key=key()
        ).voucher

    return make


@pytest.fixture
def spend(
    diane: Profile, kimironko: Station, key: Callable[[], str]
) -> Callable[[Voucher], Voucher]:
    def make(voucher: Voucher) -> Voucher:
        rotated = rotate_code(
            voucher=voucher, actor=acting(diane), reason="Lost", key=key()
        )
        return redeem_voucher(
            code=rotated.code, station=kimironko, actor=acting(diane), key=key()
        ).voucher

    return make
