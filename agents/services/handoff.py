"""What waits for a person of ours."""

from __future__ import annotations

from django.utils import timezone

from agents.hand_offs import open_hand_off
from agents.models import HandOff
from easymo.observability.logs import get_logger

__all__ = ["close", "open_hand_off"]
logger = get_logger(__name__)


def close(*, hand_off: HandOff, resolution: str, actor: str) -> bool:
    """Take an entry off the list; return False when somebody else already had."""
    closed = HandOff.objects.filter(pk=hand_off.pk, closed_at__isnull=True).update(
        closed_at=timezone.now(), closed_by=actor, resolution=resolution
    )
    if closed:
        logger.info("ai.hand_off.closed", hand_off_id=hand_off.pk)
    return closed == 1
