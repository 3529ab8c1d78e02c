from __future__ import annotations

import pytest

from vouchers.errors import VoucherNotIssued
from vouchers.models import Voucher


@pytest.mark.parametrize("status", Voucher.Status.values)
def test_not_issued__any_status_it_may_be_met_in__says_a_sentence(status: str) -> None:
    # Also "issued": whoever waited for a rotation meets the voucher issued again.
    assert str(VoucherNotIssued(status)).endswith(".")
