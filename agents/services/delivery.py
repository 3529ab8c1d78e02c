"""From the outbox to the Graph API: first in, first out for each conversation.

A message is claimed and committed as being sent, then sent with no connection held,
then its answer is written down. Whoever dies in between leaves a lease that ends, and
a message of which nobody knows whether it arrived: it waits for a status, and is then
tried once more.
"""

from __future__ import annotations

import asyncio

from django.db import transaction
from django.utils import timezone

from agents.channels.whatsapp import client
from agents.channels.whatsapp.errors import Action, TransportError
from agents.models import OutboundMessage
from agents.services import outbox
from agents.services.claiming import (
    ANSWER_LOST,
    STATUS_WAIT,
    Pause,
    Sending,
    claim,
    doubt,
)
from agents.services.handing_over import record_sent
from easymo.database import units
from easymo.observability import correlation
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

State = OutboundMessage.State
# A short pause is waited out in the job; the sweep wakes after a long one.
PATIENCE_S = 8.0


async def deliver(*, conversation_id: int) -> int:
    """Send what waits in one conversation, in its order; return how many were sent."""
    sent = 0
    while True:
        step = await units.run(claim, conversation_id=conversation_id)
        if step is None:
            return sent
        if isinstance(step, Pause):
            if step.seconds > PATIENCE_S:
                return sent
            await asyncio.sleep(max(step.seconds, 0.05))
        elif isinstance(step, Sending):
            with correlation.bound(step.correlation_id, outbound_id=step.message_id):
                more = await _send(step)
            sent += 1
            if not more:
                return sent
        else:
            sent += 1


async def _send(sending: Sending) -> bool:
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


async def _call(sending: Sending) -> str:
    line, to, opaque = sending.line, sending.to, sending.opaque
    if sending.template is not None:
        return await client.send_template(line, to, sending.template, opaque=opaque)
    if sending.buttons:
        return await client.send_buttons(
            line, to, sending.body, sending.buttons, opaque=opaque
        )
    return await client.send_text(line, to, sending.body, opaque=opaque)


def record_failure(message_id: int, error: TransportError) -> None:
    """Write down that it was refused, or that nobody knows."""
    with transaction.atomic():
        message = _locked(message_id)
        if message.state != State.SENDING:
            # A status told what became of it before its answer did.
            return
        if not error.unknown_outcome:
            outbox.settle_failure(
                message,
                code=error.code,
                action=error.action,
                retry_after=error.retry_after,
            )
        elif message.was_in_doubt:
            # The one try more had no answer either.
            outbox.settle_failure(message, code=ANSWER_LOST, action=Action.BUG)
        else:
            doubt(message, STATUS_WAIT)


def _locked(message_id: int) -> OutboundMessage:
    return (
        OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("conversation__profile")
        .get(pk=message_id)
    )
