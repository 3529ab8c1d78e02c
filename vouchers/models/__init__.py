from __future__ import annotations

from vouchers.models.change import AuthorityChange, ChangeRecord
from vouchers.models.counter import GuessCounter, LimitCounter
from vouchers.models.event import Refusal, VoucherEvent, VoucherNote
from vouchers.models.profile import Erasure, Profile, Station
from vouchers.models.voucher import Approval, Envelope, Voucher

__all__ = [
    "Approval",
    "AuthorityChange",
    "ChangeRecord",
    "Envelope",
    "Erasure",
    "GuessCounter",
    "LimitCounter",
    "Profile",
    "Refusal",
    "Station",
    "Voucher",
    "VoucherEvent",
    "VoucherNote",
]
