"""Edits and revokes: what a person changes or takes back of her own messages.

Before its turn a message simply becomes what she made of it. Once a turn has read it,
what was done is done: an edit is kept beside it and never read as an order, and she is
told to write again. See docs/adr/0007-messages-changed-after-sending.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from agents.core.code_redaction import redact_codes
from agents.core.locks import lock_conversation
from agents.models import Media, Message
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Conversation

logger = get_logger(__name__)

EDIT, REVOKE = "edit", "revoke"
LATELY = timedelta(days=8)
KINDS = (EDIT, REVOKE)
# Their words can be written anew; a pressed button cannot.
EDITABLE = frozenset({"text", "image", "video", "document"})
# Asked for every webhook.
ARE_THERE = """
SELECT EXISTS (
    SELECT FROM agents_message
    WHERE about_hmac IS NOT NULL AND kind IN ('edit', 'revoke') AND received_at >= %s
)
"""


def correct(
    *, kind: str, words: str, about: Sequence[bytes], conversation: Conversation
) -> bool:
    """Change the message that this is about; return whether it had been read already.

    Only the conversation's own messages are looked at: nobody corrects another.
    """
    lock_conversation(conversation.pk)
    original = conversation.messages.filter(
        provider_id_hmac__in=about, kind__in=[*EDITABLE, "audio", "interactive"]
    ).first()
    if original is None:
        return False
    was_read = original.state != Message.State.WAITING
    apply(original, kind=kind, words=words)
    logger.info(
        "ai.whatsapp.message.corrected",
        message_id=original.pk,
        correction=kind,
        was_read=was_read,
    )
    return was_read


def are_there() -> bool:
    """Tell whether anything was corrected lately: mostly not, and then all is said."""
    with connection.cursor() as cursor:
        cursor.execute(ARE_THERE, [timezone.now() - LATELY])
        return bool(cursor.fetchone()[0])


def catch_up(message: Message, about: Sequence[bytes]) -> None:
    """Apply what overtook a message that only now arrives, in the order sent."""
    overtaking = message.conversation.messages.filter(
        about_hmac__in=about, kind__in=KINDS
    )
    for row in overtaking.order_by("sent_at", "id"):
        apply(message, kind=row.kind, words=row.text)


def apply(message: Message, *, kind: str, words: str) -> None:
    """Write the correction on the message; its words change before its turn only."""
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
            message.text, message.codes_sealed = redact_codes(words)
    message.save(
        update_fields=["text", "codes_sealed", "state", "edited_at", "revoked_at"]
    )
