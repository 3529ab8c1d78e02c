"""Edits and revokes: the customer changes or takes back one of their messages.

Before its turn, the message is changed. After a turn has read it, an edit is kept
beside it and is never read as a request; the customer is told to write again. See
docs/adr/0006-edited-and-deleted-messages.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.core.locks import lock_conversation
from agents.inbound.redaction import redact_message, seal_events
from agents.models import Media, Message
from easymo.database import statements
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Conversation

logger = get_logger(__name__)

EDIT, REVOKE = "edit", "revoke"
KINDS = (EDIT, REVOKE)
RECENT = timedelta(days=8)
# The text of these can be edited; a pressed button cannot.
EDITABLE = frozenset({"text", "image", "video", "document"})
# Executed for every event.
HAS_RECENT = """
SELECT EXISTS (
    SELECT FROM agents_message
    WHERE about_hmac IS NOT NULL AND kind IN ('edit', 'revoke') AND received_at >= %s
)
"""


def apply_to_original(
    *, kind: str, text: str, about: Sequence[bytes], conversation: Conversation
) -> bool:
    """Change the message that this is about; return whether a turn had read it.

    Only messages of the same conversation are changed.
    """
    lock_conversation(conversation.pk)
    original = conversation.messages.filter(
        provider_id_hmac__in=about, kind__in=[*EDITABLE, "audio", "interactive"]
    ).first()
    if original is None:
        return False
    was_read = original.state != Message.State.WAITING
    _apply(original, kind=kind, text=text)
    logger.info(
        "ai.whatsapp.message.corrected",
        message_id=original.pk,
        correction=kind,
        was_read=was_read,
    )
    return was_read


def has_recent_edits() -> bool:
    """Tell whether there is any recent edit or revoke; mostly there is none."""
    [(has_recent,)] = statements.rows(HAS_RECENT, [timezone.now() - RECENT])
    return bool(has_recent)


def apply_earlier_edits(message: Message, about: Sequence[bytes]) -> None:
    """Apply edits that arrived before the message itself, in the order sent."""
    earlier = message.conversation.messages.filter(about_hmac__in=about, kind__in=KINDS)
    for row in earlier.order_by("sent_at", "id"):
        _apply(message, kind=row.kind, text=row.text)


def _apply(message: Message, *, kind: str, text: str) -> None:
    """Write the change on the message; its text changes only before its turn."""
    is_waiting = message.state == Message.State.WAITING
    if kind == REVOKE:
        message.revoked_at = timezone.now()
        if is_waiting:
            message.text, message.codes_sealed = "", None
            message.state = Message.State.SILENT
            Media.objects.filter(message=message, state=Media.State.WAITING).update(
                state=Media.State.SKIPPED, error_code="revoked"
            )
    elif message.kind in EDITABLE:
        message.edited_at = timezone.now()
        if is_waiting:
            seal_events(redact_message(message, text))
    message.save(
        update_fields=["text", "codes_sealed", "state", "edited_at", "revoked_at"]
    )
