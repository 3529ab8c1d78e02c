from __future__ import annotations

import pytest

from vouchers.errors import VoucherNotIssued
from vouchers.models import Voucher


@pytest.mark.parametrize("status", Voucher.Status.values)
def test_not_issued__any_status__has_a_sentence(status: str) -> None:
    # Also "issued": a call that waited for a rotation finds the voucher issued.
    assert str(VoucherNotIssued(status)).endswith(".")
