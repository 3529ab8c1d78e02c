from __future__ import annotations

from vouchers.admin.account import AccountAdmin, AccountGroupAdmin
from vouchers.admin.batch import BatchAdmin
from vouchers.admin.campaign import CampaignAdmin
from vouchers.admin.change import AuthorityChangeAdmin, ChangeRecordAdmin
from vouchers.admin.profile import ProfileAdmin
from vouchers.admin.reversal import ReversalRequestAdmin
from vouchers.admin.station import StationAdmin
from vouchers.admin.voucher import VoucherAdmin

__all__ = [
    "AccountAdmin",
    "AccountGroupAdmin",
    "AuthorityChangeAdmin",
    "BatchAdmin",
    "CampaignAdmin",
    "ChangeRecordAdmin",
    "ProfileAdmin",
    "ReversalRequestAdmin",
    "StationAdmin",
    "VoucherAdmin",
]
