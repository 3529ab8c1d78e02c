"""From the outbox to the Graph API: first in, first out for each conversation.

A message is claimed and committed as being sent, then sent with no connection held,
then its answer is written down. Whoever dies in between leaves a lease that ends, and
a message of which nobody knows whether it arrived: it waits for a status, and is then
tried once more.
"""

from __future__ import annotations

import asyncio
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from agents.models import OutboundMessage
from agents.outbound import circuit_breaker, outbox, statuses
from agents.outbound.next_to_send import (
    ANSWER_LOST,
    STATUS_WAIT,
    ClaimedMessage,
    Wait,
    claim_next,
    mark_unknown,
)
from agents.whatsapp import graph_client
from agents.whatsapp.error_table import Action, TransportError
from easymo.database import units
from easymo.observability import correlation
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

State = OutboundMessage.State
# A short pause is waited out in the job; the sweep wakes after a long one.
LONGEST_WAIT_S = 8.0


async def deliver(*, conversation_id: int) -> int:
    """Send what waits in one conversation, in its order; return how many were sent."""
    sent = 0
    while True:
        step = await units.run(claim_next, conversation_id=conversation_id)
        if step is None:
            return sent
        if isinstance(step, Wait):
            if step.seconds > LONGEST_WAIT_S:
                return sent
            await asyncio.sleep(max(step.seconds, 0.05))
        elif isinstance(step, ClaimedMessage):
            with correlation.bound(step.correlation_id, outbound_id=step.message_id):
                more = await _send(step)
            sent += 1
            if not more:
                return sent
        else:
            sent += 1


async def _send(sending: ClaimedMessage) -> bool:
    """Send it, write down what became of it, and tell whether more waits."""
    started_at = timezone.now()
    try:
        provider_id = await _call(sending)
    except TransportError as error:
        logger.warning(
            "ai.whatsapp.send.error",
            code=error.code,
            action=error.action,
            unknown_outcome=error.unknown_outcome,
        )
        await units.run_patiently(record_failure, sending.message_id, error)
        return True
    # What Meta answered is known here only: unwritten, it would be said again.
    more = await units.run_patiently(record_sent, sending.message_id, provider_id)
    waited = timezone.now() - started_at
    logger.info("ai.whatsapp.send.success", ms=round(waited.total_seconds() * 1000))
    return more


async def _call(sending: ClaimedMessage) -> str:
    line, to, opaque = sending.line, sending.to, sending.opaque
    if sending.template is not None:
        return await graph_client.send_template(
            line, to, sending.template, opaque=opaque
        )
    if sending.buttons:
        return await graph_client.send_buttons(
            line, to, sending.body, sending.buttons, opaque=opaque
        )
    return await graph_client.send_text(line, to, sending.body, opaque=opaque)


def record_failure(message_id: int, error: TransportError) -> None:
    """Write down that it was refused, or that nobody knows."""
    with transaction.atomic():
        message = _locked(message_id)
        if message.state != State.SENDING:
            # A status told what became of it before its answer did.
            return
        if not error.unknown_outcome:
            outbox.handle_failure(
                message,
                code=error.code,
                action=error.action,
                retry_after=error.retry_after,
            )
        elif message.was_in_doubt:
            # The one try more had no answer either.
            outbox.handle_failure(message, code=ANSWER_LOST, action=Action.BUG)
        else:
            mark_unknown(message, STATUS_WAIT)


def _locked(message_id: int) -> OutboundMessage:
    return (
        OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("conversation__profile")
        .get(pk=message_id)
    )


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
                circuit_breaker.record_accepted(message)
            if was_overtaken:
                statuses.attach_early_statuses(message)
    with connection.cursor() as cursor:
        cursor.execute(HAS_MORE, [conversation_id])
        return bool(cursor.fetchone()[0])
