"""That the provider has taken a message, written down in one statement."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from agents.models import OutboundMessage
from agents.services import lines, outbox, statuses

SENT = """
UPDATE agents_outboundmessage
SET provider_id = CASE
        WHEN provider_id_hmac IS NULL THEN %(provider_id)s ELSE provider_id
    END,
    provider_id_hmac = coalesce(provider_id_hmac, %(hmac)s),
    handed_over_at = coalesce(handed_over_at, %(now)s),
    state = CASE WHEN state = ANY(%(open)s) THEN 'sent' ELSE state END,
    lease_expires_at = NULL,
    next_attempt_at = NULL
WHERE id = %(id)s
RETURNING provider_id_hmac, is_probe, conversation_id
"""
HAS_OVERTAKEN = """
SELECT EXISTS (
    SELECT FROM agents_messagestatus
    WHERE outbound_id IS NULL AND provider_id_hmac = %s
)
"""


# The states as they stand in the index that answers this.
HAS_MORE = """
SELECT EXISTS (
    SELECT FROM agents_outboundmessage
    WHERE conversation_id = %s AND state IN ('queued', 'sending', 'unknown')
)
"""


def record_sent(message_id: int, provider_id: str) -> bool:
    """Write down that the provider has taken the message; tell whether more waits.

    More is looked for after the commit: until then whoever wrote more, and came to
    send it, waited for this message and left the rest to us.
    """
    values: dict[str, Any] = {
        "id": message_id,
        "provider_id": provider_id[:256],
        "hmac": statuses.id_digests(provider_id)[0],
        "now": timezone.now(),
        "open": list(map(str, outbox.OPEN)),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SENT, values)
        id_hmac, is_probe, conversation_id = cursor.fetchone()
        # Asked afterwards: it may have been stored while we waited for the row.
        cursor.execute(HAS_OVERTAKEN, [id_hmac])
        was_overtaken = cursor.fetchone()[0]
        if is_probe or was_overtaken:
            message = OutboundMessage.objects.select_related(
                "conversation__profile"
            ).get(pk=message_id)
            if is_probe:
                lines.settle_taken(message)
            if was_overtaken:
                statuses.attach_early(message)
    with connection.cursor() as cursor:
        cursor.execute(HAS_MORE, [conversation_id])
        return bool(cursor.fetchone()[0])
