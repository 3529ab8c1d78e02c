"""Open tasks for colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.models import HandOff
from easymo.observability.logs import get_logger
from rollout.core.jobs import enqueue_notices
from rollout.notices import notices

if TYPE_CHECKING:
    from agents.models import Conversation
    from vouchers.models import Profile

logger = get_logger(__name__)


def open_handoff(
    *,
    kind: HandOff.Kind,
    profile: Profile,
    reason: str,
    conversation: Conversation | None = None,
) -> bool:
    """Open a task, once; return whether it is new.

    A person has one open task of a kind: the constraint decides. Call it inside the
    transaction of its cause.
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
        # Without name and number: the list of tasks shows them.
        label = HandOff.Kind(kind).label
        notices.queue_notice(
            text=f"Waiting for a colleague: {label} (profile {profile.pk})."
        )
        enqueue_notices()
    return is_new
