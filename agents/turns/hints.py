"""A fixed word on what we cannot read: no turn, no model, at most once in a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from agents.language import texts
from agents.models import Conversation
from agents.outbound import outbox

if TYPE_CHECKING:
    from agents.models import Message

EVERY = timedelta(hours=24)
# The provider could not give us what was sent.
LOST = frozenset({"131000", "131052"})


def hint_for(message: Message) -> str:
    """Return the text that fits a message without a turn; "" for none."""
    if message.kind != "unsupported":
        return ""
    if message.error_code in LOST:
        return "kind.resend"
    return "kind.edited" if message.detail.get("type") == "edit" else "kind.unsupported"


def tell(*, conversation: Conversation, key: str, cause: str) -> bool:
    """Queue the hint, unless she had one today or wants nothing from us."""
    now = timezone.now()
    due = Conversation.objects.filter(
        Q(hint_at=None) | Q(hint_at__lt=now - EVERY),
        pk=conversation.pk,
        stopped_at=None,
        paused_at=None,
    ).update(hint_at=now)
    if not due:
        return False
    language = conversation.profile.language or conversation.language
    outbox.enqueue(
        conversation=conversation,
        cause=f"hint:{cause}"[:80],
        body=texts.render(key, language),
    )
    return True
