from __future__ import annotations

from vouchers.models.approval import Approval
from vouchers.models.counter import GuessCounter, LimitCounter
from vouchers.models.envelope import Envelope
from vouchers.models.erasure import Erasure
from vouchers.models.event import VoucherEvent, VoucherNote
from vouchers.models.profile import Profile
from vouchers.models.refusal import Refusal
from vouchers.models.station import Station
from vouchers.models.voucher import Voucher

__all__ = [
    "Approval",
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
