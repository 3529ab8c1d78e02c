"""Codes guessed by many at once: each stays under its own lock, all together do not."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from easymo.observability.logs import get_logger
from rollout.models import Incident
from rollout.services import incidents, notify
from rollout.wakes import wake_notices
from vouchers.models import Refusal

logger = get_logger(__name__)

KEY = "guessing"
SPAN = timedelta(hours=1)
# In an hour, over all channels; people err a few times a day.
MOST = 100


def watch() -> bool:
    """Open an incident when more codes failed than people mistake; tell whether new."""
    failed = Refusal.objects.filter(
        created_at__gt=timezone.now() - SPAN, reason="voucher_not_found"
    ).count()
    if failed < MOST:
        return False
    with transaction.atomic():
        incident, is_new = incidents.found_or_opened(
            key=KEY,
            title="Voucher codes are being guessed",
            severity=Incident.Severity.HIGH,
            opened_by="easymo",
        )
        if not is_new:
            return False
        notify.queue(
            incident=incident,
            text=f"Voucher codes are being guessed: {failed} that do not exist were "
            f"tried within an hour (incident {incident.pk}). Look under Refusals who it "
            "is; revoke a token, block people, or turn FEATURE_AGENT_VOUCHERS off.",
        )
        wake_notices()
    logger.error("vouchers.guessing", failed=failed, incident_id=incident.pk)
    return True
