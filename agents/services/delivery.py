"""From the outbox to the Graph API: first in, first out for each conversation.

A message is claimed and committed as being sent, then sent with no connection held,
then its answer is written down. Whoever dies in between leaves a lease that ends, and
a message of which nobody knows whether it arrived: it waits for a status, and is then
tried once more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agents.channels.whatsapp import client
from agents.channels.whatsapp.client import Address, Button, Line, Template
from agents.channels.whatsapp.errors import Action, TransportError
from agents.models import Identity, OutboundMessage, SendingLine
from agents.services import consent, forwarding, outbox, simulated
from agents.services.answering import may_answer
from agents.services.codes_sent import fill
from agents.services.handing_over import record_sent
from easymo.database import units
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from uuid import UUID

    from vouchers.models import Profile

logger = get_logger(__name__)

State = OutboundMessage.State
# Longer than the longest exchange with the Graph API.
LEASE = timedelta(seconds=20)
# Counted from the start of a try whose outcome nobody knows.
STATUS_WAIT = timedelta(seconds=45)
WINDOW_MARGIN = timedelta(seconds=60)
# A short pause is waited out in the job; the sweep wakes after a long one.
PATIENCE_S = 8.0
PAIR_SPAN = timedelta(seconds=60)
MOST_IN_PAIR_SPAN = 20
ANSWER_LOST = "answer_lost"


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed message, complete: nothing more is read while it is sent."""

    message_id: int
    line: Line
    to: Address
    body: str
    buttons: tuple[Button, ...]
    template: Template | None
    opaque: str
    correlation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing may be sent yet."""

    until: datetime


async def deliver(*, conversation_id: int) -> int:
    """Send what waits in one conversation, in its order; return how many were sent."""
    sent = 0
    while True:
        step = await units.run(claim, conversation_id=conversation_id)
        if step is None:
            return sent
        if isinstance(step, Pause):
            seconds = (step.until - timezone.now()).total_seconds()
            if seconds > PATIENCE_S:
                return sent
            await asyncio.sleep(max(seconds, 0.05))
        elif isinstance(step, Sending):
            with correlation.bound(step.correlation_id, outbound_id=step.message_id):
                await _send(step)
            sent += 1
        else:
            sent += 1


async def _send(sending: Sending) -> None:
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
        await units.run(record_failure, sending.message_id, error)
    else:
        await units.run(record_sent, sending.message_id, provider_id)
        waited = timezone.now() - started_at
        logger.info("ai.whatsapp.send.success", ms=round(waited.total_seconds() * 1000))


async def _call(sending: Sending) -> str:
    line, to, opaque = sending.line, sending.to, sending.opaque
    if sending.template is not None:
        return await client.send_template(line, to, sending.template, opaque=opaque)
    if sending.buttons:
        return await client.send_buttons(
            line, to, sending.body, sending.buttons, opaque=opaque
        )
    return await client.send_text(line, to, sending.body, opaque=opaque)


def claim(*, conversation_id: int) -> Sending | Pause | bool | None:
    """Take the oldest open message of the conversation, if it may be sent now.

    None: nothing to do here. True: settled without sending (simulated, given up).
    """
    now = timezone.now()
    with transaction.atomic():
        message = (
            OutboundMessage.objects.filter(
                conversation_id=conversation_id, state__in=outbox.OPEN
            )
            .select_for_update(of=("self",), no_key=True)
            .select_related("conversation__profile")
            .order_by("pk")
            .first()
        )
        if message is None or message.state not in outbox.OPEN:
            return None
        return _not_yet(message, now) or _take(message, now)


def _not_yet(message: OutboundMessage, now: datetime) -> Pause | bool | None:
    if message.state == State.SENDING:
        if message.lease_expires_at is not None and message.lease_expires_at > now:
            # Another worker is at it, and goes on with what follows.
            return Pause(now + timedelta(seconds=2 * PATIENCE_S))
        _doubt(message)
    if message.next_attempt_at is not None and message.next_attempt_at > now:
        return Pause(message.next_attempt_at)
    line = SendingLine.objects.filter(
        pk=message.conversation.phone_number_id, held_until__gt=now
    ).first()
    if line is not None and not _is_simulated(message):
        message.next_attempt_at = line.held_until
        message.save(update_fields=["next_attempt_at"])
        return Pause(line.held_until)
    return None


def _take(message: OutboundMessage, now: datetime) -> Sending | Pause | bool:
    conversation = message.conversation
    if reason := _why_cancelled(message):
        message.state = State.CANCELLED
        message.save(update_fields=["state"])
        logger.info("ai.whatsapp.webhook.disabled", reason=reason)
        return True
    closes_at = conversation.window_closes_at
    is_open = closes_at is not None and closes_at - WINDOW_MARGIN > now
    if message.kind != OutboundMessage.Kind.TEMPLATE and not is_open:
        outbox.settle_failure(message, code="131047", action=Action.WINDOW)
        return True
    if _is_simulated(message):
        simulated.deliver(message)
        return True
    recent = conversation.outbound.filter(handed_over_at__gt=now - PAIR_SPAN)
    if recent.count() >= MOST_IN_PAIR_SPAN:
        return Pause(now + timedelta(seconds=6))
    to = _address(conversation.profile)
    if to is None:
        outbox.settle_failure(message, code="no_address", action=Action.PERSON)
        return True
    message.state = State.SENDING
    message.attempts += 1
    message.lease_expires_at = now + LEASE
    message.next_attempt_at = None
    message.save(
        update_fields=["state", "attempts", "lease_expires_at", "next_attempt_at"]
    )
    return _sending(message, to)


def _why_cancelled(message: OutboundMessage) -> str:
    """Say why it may not be sent any more; nothing, when it may."""
    conversation = message.conversation
    # What a colleague wrote is no word of the agent's.
    if not message.written_by and not may_answer(conversation.profile):
        # Switched off since it was written: the agent is silent. What she asked goes
        # on to who serves her now, where the answer did nothing but say something.
        turn = message.turn
        if turn is not None and turn.outcome == "reply":
            forwarding.forward_unanswered(turn.messages.all())
        return "feature disabled"
    if conversation.stopped_at is not None and consent.is_unasked(message):
        return "stopped"
    return ""


def _sending(message: OutboundMessage, to: Address) -> Sending:
    extra = message.extra
    template = None
    if message.kind == OutboundMessage.Kind.TEMPLATE:
        template = Template(
            extra["name"],
            extra["language"],
            tuple(fill(text) for text in extra["parameters"]),
        )
    return Sending(
        message_id=message.pk,
        line=Line(message.conversation.phone_number_id),
        to=to,
        body=fill(message.body),
        buttons=tuple(Button(b["id"], b["title"]) for b in extra.get("buttons", ())),
        template=template,
        opaque=str(message.public_id),
        correlation_id=message.correlation_id,
    )


def _is_simulated(message: OutboundMessage) -> bool:
    return message.conversation.is_synthetic or not settings.WA_TOKEN


def _address(profile: Profile) -> Address | None:
    """Prefer the number: it keeps numbers in the webhooks that follow."""
    if profile.msisdn:
        return Address(number=profile.msisdn)
    identity = profile.identities.filter(
        kind=Identity.Kind.BSUID, superseded_at=None
    ).first()
    return Address(bsuid=identity.value) if identity else None


def _doubt(message: OutboundMessage) -> None:
    """Note that a try ended without its answer, and when to try again."""
    started_at = (message.lease_expires_at or timezone.now()) - LEASE
    message.state = State.UNKNOWN
    message.error_code = ANSWER_LOST
    message.next_attempt_at = started_at + STATUS_WAIT
    message.save(update_fields=["state", "error_code", "next_attempt_at"])


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
        elif message.error_code == ANSWER_LOST:
            # The one try more had no answer either.
            outbox.settle_failure(message, code=error.code, action=Action.PERSON)
        else:
            _doubt(message)


def _locked(message_id: int) -> OutboundMessage:
    return (
        OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
        .select_related("conversation__profile")
        .get(pk=message_id)
    )
