from __future__ import annotations

from vouchers.admin.profile import ProfileAdmin
from vouchers.admin.station import StationAdmin
from vouchers.admin.voucher import VoucherAdmin

__all__ = ["ProfileAdmin", "StationAdmin", "VoucherAdmin"]
