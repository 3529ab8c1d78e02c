from __future__ import annotations

from vouchers.models.batch import Batch
from vouchers.models.campaign import Campaign
from vouchers.models.change import AuthorityChange, ChangeRecord
from vouchers.models.checkpoint import (
    Checkpoint,
    CheckpointPage,
    EventSeal,
    Verification,
)
from vouchers.models.counter import ExpiryMark, GuessCounter, LimitCounter
from vouchers.models.event import Refusal, VoucherEvent, VoucherNote
from vouchers.models.legacy import LegacyRecord
from vouchers.models.profile import Erasure, Profile, Station
from vouchers.models.reversal import ReversalRequest
from vouchers.models.voucher import Approval, ApprovalRequest, Envelope, Voucher

__all__ = [
    "Approval",
    "ApprovalRequest",
    "AuthorityChange",
    "Batch",
    "Campaign",
    "ChangeRecord",
    "Checkpoint",
    "CheckpointPage",
    "Envelope",
    "Erasure",
    "EventSeal",
    "ExpiryMark",
    "GuessCounter",
    "LegacyRecord",
    "LimitCounter",
    "Profile",
    "Refusal",
    "ReversalRequest",
    "Station",
    "Verification",
    "Voucher",
    "VoucherEvent",
    "VoucherNote",
]
