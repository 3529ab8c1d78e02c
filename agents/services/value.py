"""Whether the vouchers that were touched lately still fit their trails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from vouchers.models import Voucher, VoucherEvent
from vouchers.services import audit

if TYPE_CHECKING:
    from datetime import datetime

# The evaluator asks each minute: what it saw ten minutes ago it need not see again.
LATELY = timedelta(minutes=10)
MOST = 200


def errors_since(at: datetime) -> int:
    """Count the newest vouchers, touched since then, whose trail does not hold."""
    since = max(at, timezone.now() - LATELY)
    newest = VoucherEvent.objects.order_by("-id").values_list(
        "voucher_id", "created_at"
    )
    touched = {voucher for voucher, when in newest[:MOST] if when >= since}
    vouchers = Voucher.objects.filter(pk__in=touched)
    return sum(bool(audit.verify_one(voucher=voucher)) for voucher in vouchers)
