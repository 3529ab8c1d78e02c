"""That the provider has taken a message, written down in one statement."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from agents.models import OutboundMessage
from agents.services import outbox, statuses

# The number works again, whoever held it.
SENT = """
WITH line AS (
    DELETE FROM agents_sendingline AS line
    USING agents_outboundmessage AS message
    JOIN agents_conversation AS conversation
        ON conversation.id = message.conversation_id
    WHERE message.id = %(id)s AND line.phone_number_id = conversation.phone_number_id
)
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
RETURNING provider_id_hmac
"""
HAS_OVERTAKEN = """
SELECT EXISTS (
    SELECT FROM agents_messagestatus
    WHERE outbound_id IS NULL AND provider_id_hmac = %s
)
"""


def record_sent(message_id: int, provider_id: str) -> None:
    """Write down that the provider has taken the message."""
    values: dict[str, Any] = {
        "id": message_id,
        "provider_id": provider_id[:256],
        "hmac": statuses.id_digests(provider_id)[0],
        "now": timezone.now(),
        "open": list(map(str, outbox.OPEN)),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SENT, values)
        row = cursor.fetchone()
        # Asked afterwards: it may have been stored while we waited for the row.
        cursor.execute(HAS_OVERTAKEN, row)
        if cursor.fetchone()[0]:
            message = OutboundMessage.objects.get(pk=message_id)
            statuses.attach_early(message)
