"""Block a person, so that the agent stores their messages and does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from agents.models import Block, Message, OutboundMessage
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from datetime import datetime

    from vouchers.models import Profile

logger = get_logger(__name__)

# Runs for every message.
IS_BLOCKED = """
SELECT EXISTS (
    SELECT FROM agents_block
    WHERE profile_id = %s AND lifted_at IS NULL
      AND (expires_at IS NULL OR expires_at > %s)
)
"""


def is_blocked(profile: Profile) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_BLOCKED, [profile.pk, timezone.now()])
        return bool(cursor.fetchone()[0])


def is_in_force(block: Block) -> bool:
    """Tell whether this block is neither lifted nor expired."""
    ends_at = block.expires_at
    return block.lifted_at is None and (ends_at is None or ends_at > timezone.now())


def block_profile(
    *, profile: Profile, reason: str, actor: str, expires_at: datetime | None = None
) -> Block | None:
    """Block a person; return None when they are blocked already.

    Their waiting messages stay unanswered, and queued messages to them are cancelled.
    """
    now = timezone.now()
    with transaction.atomic():
        Block.objects.filter(
            profile=profile, lifted_at=None, expires_at__lte=now
        ).update(lifted_at=now, lifted_by="time", lift_reason="Expired.")
        made = Block(
            profile=profile, reason=reason, blocked_by=actor, expires_at=expires_at
        )
        Block.objects.bulk_create([made], ignore_conflicts=True)
        stored = Block.objects.filter(profile=profile, lifted_at=None).first()
        if stored is None or stored.created_at != made.created_at:
            return None
        Message.objects.filter(
            conversation__profile=profile, state=Message.State.WAITING
        ).update(state=Message.State.BLOCKED, codes_sealed=None)
        OutboundMessage.objects.filter(
            conversation__profile=profile, state=OutboundMessage.State.QUEUED
        ).update(state=OutboundMessage.State.CANCELLED)
    logger.warning("ai.person.blocked", profile_id=profile.pk, block_id=stored.pk)
    return stored


def lift_block(*, block: Block, reason: str, actor: str) -> bool:
    """Lift a block; return False when it was lifted before."""
    lifted = Block.objects.filter(pk=block.pk, lifted_at=None).update(
        lifted_at=timezone.now(), lifted_by=actor, lift_reason=reason
    )
    if lifted:
        logger.info("ai.person.unblocked", block_id=block.pk)
    return lifted == 1
