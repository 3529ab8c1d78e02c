"""Taking the next message of a conversation, if it may be sent now.

In one short transaction: is it due, is it still wanted, is the window open, may our
number send, and is there a token of the person's and of the number's rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from agents.core.code_redaction import restore_codes
from agents.core.serving import may_answer
from agents.forwarding import queue as forwarding
from agents.identity import consent
from agents.models import Identity, OutboundMessage
from agents.outbound import circuit_breaker, outbox, send_rate, simulated
from agents.whatsapp.error_table import Action
from agents.whatsapp.graph_client import Address, Button, Line, Template
from easymo.database import prepared_rows
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from uuid import UUID

    from vouchers.models import Profile

logger = get_logger(__name__)

State = OutboundMessage.State
# Longer than the longest exchange with the Graph API.
LEASE = timedelta(seconds=20)
# Both counted from the start of a try whose outcome nobody knows. After a crash it is
# shorter: that is to be over within a minute, the sweep's round included.
STATUS_WAIT = timedelta(seconds=60)
CRASH_WAIT = timedelta(seconds=45)
WINDOW_MARGIN = timedelta(seconds=60)
# Another worker is at it: somebody looks again after this.
ELSEWHERE_S = 16.0
ANSWER_LOST = "answer_lost"
OPTED_OUT = "stopped"
# What taking a message changes of it.
TAKEN = ("state", "attempts", "is_probe", "lease_expires_at", "next_attempt_at")
# By the database's clock: on its own, a worker whose clock is wrong would take for dead
# whoever is just sending, and say it again.
NEXT: Prepared[OutboundMessage] = Prepared(
    lambda: (
        OutboundMessage.objects.filter(
            conversation_id=slot("conversation"), state__in=outbox.OPEN
        )
        .select_for_update(of=("self",), no_key=True)
        .select_related("conversation__profile")
        .annotate(claimed_at=Now())  # type: ignore[no-redef]
        .order_by("pk")[:1]
    )
)


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
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
class Wait:
    """Nothing may be sent yet, and for so long."""

    seconds: float


def claim_next(*, conversation_id: int) -> ClaimedMessage | Wait | bool | None:
    """Take the oldest open message of the conversation, if it may be sent now.

    None: nothing to do here. True: settled without sending (simulated, given up).
    """
    with transaction.atomic():
        message = NEXT.first(conversation=conversation_id)
        if message is None or message.state not in outbox.OPEN:
            return None
        now = message.claimed_at
        return _not_yet(message, now) or _take(message, now)


def _not_yet(message: OutboundMessage, now: datetime) -> Wait | bool | None:
    if message.state == State.SENDING:
        if message.lease_expires_at is not None and message.lease_expires_at > now:
            # Another worker is at it, and goes on with what follows.
            return Wait(ELSEWHERE_S)
        if message.attempts >= outbox.MOST_ATTEMPTS:
            outbox.handle_failure(message, code=ANSWER_LOST, action=Action.BUG)
            return True
        mark_unknown(message, CRASH_WAIT)
    if message.next_attempt_at is not None and message.next_attempt_at > now:
        return Wait((message.next_attempt_at - now).total_seconds())
    return None


def _take(message: OutboundMessage, now: datetime) -> ClaimedMessage | Wait | bool:
    conversation = message.conversation
    if reason := _why_cancelled(message):
        cancel(message, reason)
        return True
    closes_at = conversation.window_closes_at
    is_open = closes_at is not None and closes_at - WINDOW_MARGIN > now
    needs_window = message.kind != OutboundMessage.Kind.TEMPLATE
    if needs_window and not is_open and not outbox.use_fallback(message):
        outbox.handle_failure(message, code="131047", action=Action.WINDOW)
        return True
    if _is_simulated(message):
        simulated.deliver(message)
        return True
    to = _address(conversation.profile)
    if to is None:
        outbox.handle_failure(message, code="no_address", action=Action.PERSON)
        return True
    if pause := _held_up(message, now):
        return pause
    message.state = State.SENDING
    message.attempts += 1
    message.lease_expires_at = now + LEASE
    message.next_attempt_at = None
    prepared_rows.update(message, TAKEN)
    return _sending(message, to)


def cancel(message: OutboundMessage, reason: str) -> None:
    """Leave a message of the agent's unsent; the caller holds its row.

    What she asked goes on to who serves her now, where the answer did nothing but say
    something.
    """
    turn = message.turn
    if reason != OPTED_OUT and turn is not None and turn.outcome == "reply":
        forwarding.forward_messages(turn.messages.all())
    message.state = State.CANCELLED
    message.save(update_fields=["state"])
    logger.info("ai.whatsapp.webhook.disabled", reason=reason)


def _held_up(message: OutboundMessage, now: datetime) -> Wait | None:
    """Say until when our number or a rate holds the message up."""
    conversation = message.conversation
    if until := circuit_breaker.held_until(message, now):
        return Wait((until - now).total_seconds())
    wait = send_rate.take(
        conversation_id=conversation.pk, phone_number_id=conversation.phone_number_id
    )
    return None if wait is None else Wait(wait)


def _why_cancelled(message: OutboundMessage) -> str:
    """Say why it may not be sent any more; nothing, when it may."""
    conversation = message.conversation
    # What a colleague wrote is no word of the agent's.
    if not message.written_by and not may_answer(conversation.profile):
        # Switched off since it was written: the agent is silent.
        return "feature disabled"
    if conversation.stopped_at is not None and consent.is_unrequested(message):
        return OPTED_OUT
    return ""


def _sending(message: OutboundMessage, to: Address) -> ClaimedMessage:
    extra = message.extra
    template = None
    if message.kind == OutboundMessage.Kind.TEMPLATE:
        template = Template(
            extra["name"],
            extra["language"],
            tuple(restore_codes(text) for text in extra["parameters"]),
        )
    return ClaimedMessage(
        message_id=message.pk,
        line=Line(message.conversation.phone_number_id),
        to=to,
        body=restore_codes(message.body),
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


def mark_unknown(message: OutboundMessage, wait: timedelta) -> None:
    """Note that a try ended without its answer, and when to try again."""
    started_at = (message.lease_expires_at or timezone.now()) - LEASE
    message.state = State.UNKNOWN
    message.error_code = ANSWER_LOST
    message.was_in_doubt = True
    message.next_attempt_at = started_at + wait
    message.save(
        update_fields=["state", "error_code", "was_in_doubt", "next_attempt_at"]
    )
