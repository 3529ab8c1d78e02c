"""Whether a person wants messages that she did not ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from agents.models import Conversation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.runtime.consent_words import Consent

logger = get_logger(__name__)


def record(*, conversation_id: int, said: Consent) -> bool:
    """Keep the person's word; return whether it changed something."""
    is_stop = said == "stop"
    changed = Conversation.objects.filter(
        pk=conversation_id, stopped_at__isnull=is_stop
    ).update(stopped_at=timezone.now() if is_stop else None)
    if changed:
        logger.info(f"ai.consent.{said}", conversation_id=conversation_id)
    return changed == 1
