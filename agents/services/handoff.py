"""What waits for a person of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from agents.models import HandOff
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Conversation
    from vouchers.models import Profile

logger = get_logger(__name__)


def open_hand_off(
    *,
    kind: HandOff.Kind,
    profile: Profile,
    reason: str,
    conversation: Conversation | None = None,
) -> bool:
    """Put something on the list; return whether it was not there yet.

    The same trouble of one person stays one entry while it is open: the
    constraint decides. Call it inside the transaction of its cause.
    """
    entry = HandOff(
        kind=kind, profile=profile, conversation=conversation, reason=reason[:300]
    )
    HandOff.objects.bulk_create([entry], ignore_conflicts=True)
    is_new = HandOff.objects.filter(
        profile=profile, kind=kind, opened_at=entry.opened_at
    ).exists()
    if is_new:
        logger.warning("ai.hand_off.opened", profile_id=profile.pk, kind=str(kind))
    return is_new


def close(*, hand_off: HandOff, resolution: str, actor: str) -> bool:
    """Take an entry off the list; return False when somebody else already had."""
    closed = HandOff.objects.filter(pk=hand_off.pk, closed_at__isnull=True).update(
        closed_at=timezone.now(), closed_by=actor, resolution=resolution
    )
    if closed:
        logger.info("ai.hand_off.closed", hand_off_id=hand_off.pk)
    return closed == 1
