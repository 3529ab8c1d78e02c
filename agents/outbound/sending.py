"""Send the messages of a conversation to the Graph API, in their order.

A message is claimed and committed as being sent, sent without a database connection,
and its answer is stored. When the worker dies in between, the lease expires and the
outcome is unknown: the message waits for a status and is then tried once more.
"""

from __future__ import annotations

import asyncio
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents.models import OutboundMessage
from agents.outbound import circuit_breaker, outbox, statuses
from agents.outbound.next_to_send import (
    STATUS_WAIT,
    ClaimedMessage,
    Wait,
    claim_next,
    mark_unknown,
)
from agents.whatsapp import graph_client
from agents.whatsapp.error_table import ANSWER_LOST, TransportError, rule_for
from easymo.database import statements, units
from easymo.observability import correlation
from easymo.observability.logs import get_logger
from vouchers import qr

logger = get_logger(__name__)

State = OutboundMessage.State
# A shorter wait is waited out in the job; after a longer one the sweep enqueues it.
LONGEST_WAIT_S = 8.0

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
HAS_EARLY_STATUS = """
SELECT EXISTS (
    SELECT FROM agents_messagestatus
    WHERE outbound_id IS NULL AND provider_id_hmac = %s
)
"""
# The states exactly as in the index that this query uses.
HAS_MORE = """
SELECT EXISTS (
    SELECT FROM agents_outboundmessage
    WHERE conversation_id = %s AND state IN ('queued', 'sending', 'unknown')
)
"""


async def deliver(*, conversation_id: int) -> int:
    """Send the waiting messages of a conversation; return how many were settled."""
    sent = 0
    has_token = False
    while True:
        step = await units.run(
            claim_next, conversation_id=conversation_id, has_token=has_token
        )
        has_token = isinstance(step, Wait) and step.has_token
        if step is None:
            return sent
        if isinstance(step, Wait):
            if step.seconds > LONGEST_WAIT_S:
                return sent
            await asyncio.sleep(max(step.seconds, 0.05))
            continue
        sent += 1
        if isinstance(step, ClaimedMessage):
            with correlation.bound(step.correlation_id, outbound_id=step.message_id):
                if not await _send(step):
                    return sent


async def _send(claimed: ClaimedMessage) -> bool:
    """Send one message, store its result, and tell whether more messages wait."""
    started_at = timezone.now()
    try:
        if claimed.sender_trouble:
            await graph_client.check_sender(
                claimed.phone_number_id, code=claimed.sender_trouble
            )
        content = await _content(claimed)
        provider_id = await graph_client.send(
            claimed.phone_number_id, claimed.to, content, opaque=claimed.opaque
        )
    except TransportError as error:
        logger.warning(
            "ai.whatsapp.send.error",
            code=error.code,
            action=rule_for(error.code).action,
            unknown_outcome=error.unknown_outcome,
        )
        await units.run_until_available(record_failure, claimed.message_id, error)
        return True
    # Until this is stored, a crash would send the message twice.
    more = await units.run_until_available(record_sent, claimed.message_id, provider_id)
    elapsed = timezone.now() - started_at
    logger.info("ai.whatsapp.send.success", ms=round(elapsed.total_seconds() * 1000))
    return more


async def _content(claimed: ClaimedMessage) -> dict[str, Any]:
    """Return the content; with an image, it is uploaded first and kept nowhere here.

    Where the upload fails the text is sent alone: it has the code too.
    """
    if claimed.qr_code is None:
        return claimed.content
    try:
        media_id = await graph_client.upload_png(
            claimed.phone_number_id, qr.png(claimed.qr_code)
        )
    except TransportError as error:
        logger.warning("ai.whatsapp.image.error", code=error.code)
        return claimed.content
    return graph_client.image_content(media_id, claimed.content["text"]["body"])


def record_failure(message_id: int, error: TransportError) -> None:
    """Store that an attempt failed, or that its outcome is unknown."""
    with transaction.atomic():
        message = (
            OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
            .select_related("conversation__profile")
            .get(pk=message_id)
        )
        if message.state != State.SENDING:
            # A status has already told the outcome.
            return
        if not error.unknown_outcome:
            outbox.handle_failure(
                message, code=error.code, retry_after=error.retry_after
            )
        elif message.was_in_doubt:
            # The answer to the second attempt was lost, too.
            outbox.handle_failure(message, code=ANSWER_LOST)
        else:
            mark_unknown(message, STATUS_WAIT)


def record_sent(message_id: int, provider_id: str) -> bool:
    """Store that the provider accepted the message; tell whether more messages wait.

    The check for more comes after the commit: another job that found this message
    being sent has left its own messages to this one.
    """
    values: dict[str, Any] = {
        "id": message_id,
        "provider_id": provider_id[:256],
        "hmac": statuses.id_digests(provider_id)[0],
        "now": timezone.now(),
        "open": list(map(str, outbox.OPEN)),
    }
    with transaction.atomic():
        [(id_hmac, is_probe, conversation_id)] = statements.rows(SENT, values)
        # A separate statement: a status may be stored while the first one waits.
        [(has_early_status,)] = statements.rows(HAS_EARLY_STATUS, [id_hmac])
        if is_probe or has_early_status:
            message = OutboundMessage.objects.select_related(
                "conversation__profile"
            ).get(pk=message_id)
            if is_probe:
                circuit_breaker.record_accepted(message)
            if has_early_status:
                statuses.attach_early_statuses(message)
    [(has_more,)] = statements.rows(HAS_MORE, [conversation_id])
    return bool(has_more)
