"""Watch voucher codes and trails: guessing by many people at once, broken trails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from easymo.observability.logs import get_logger
from rollout.core.jobs import enqueue_notices
from rollout.incidents import incidents
from rollout.models import Incident
from rollout.notices import notices
from vouchers.audit import verify as audit
from vouchers.models import Refusal, VoucherEvent

if TYPE_CHECKING:
    from datetime import datetime

logger = get_logger(__name__)

KEY = "guessing"
SPAN = timedelta(hours=1)
# In an hour, over all channels; people mistype a few times a day.
MOST_GUESSES = 100


def watch_guessing() -> bool:
    """Open an incident when too many unknown codes were tried; tell whether it is new."""
    failed = Refusal.objects.filter(
        created_at__gt=timezone.now() - SPAN, reason="voucher_not_found"
    ).count()
    if failed < MOST_GUESSES:
        return False
    with transaction.atomic():
        incident, is_new = incidents.get_or_open(
            key=KEY,
            title="Voucher codes are being guessed",
            severity=Incident.Severity.HIGH,
            opened_by="easymo",
        )
        if not is_new:
            return False
        notices.queue_notice(
            incident=incident,
            text=f"Voucher codes are being guessed: {failed} unknown codes were tried"
            f" within an hour (incident {incident.pk}). See the refusals; revoke a token,"
            " block people, or turn the feature Vouchers off.",
        )
        enqueue_notices()
    logger.error("vouchers.guessing", failed=failed, incident_id=incident.pk)
    return True


# The evaluator asks each minute; older events were checked before.
RECENT = timedelta(minutes=10)
MOST_TRAILS = 200


def errors_since(at: datetime) -> int:
    """Count the vouchers changed since then whose trail is broken."""
    since = max(at, timezone.now() - RECENT)
    newest = VoucherEvent.objects.order_by("-id").values_list(
        "voucher_id", "created_at"
    )
    touched = {voucher for voucher, when in newest[:MOST_TRAILS] if when >= since}
    return len({fault.voucher for fault in audit.faults_of(sorted(touched))})
