"""Claim the next message of a conversation, if it can be sent now.

One short transaction checks that the message is due, still wanted, inside the window,
and that the circuit breaker and the send rates allow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

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
from agents.whatsapp.error_table import ANSWER_LOST, NO_ADDRESS
from agents.whatsapp.graph_client import (
    Address,
    Button,
    Template,
    buttons_content,
    template_content,
    text_content,
)
from easymo.database import prepared_rows
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger
from vouchers.models import Voucher
from vouchers.services import envelopes

if TYPE_CHECKING:
    from uuid import UUID

    from vouchers.codes import Code
    from vouchers.models import Profile

logger = get_logger(__name__)

State = OutboundMessage.State
# Longer than the longest exchange with the Graph API.
LEASE = timedelta(seconds=20)
# From the start of an attempt with unknown outcome to the next attempt. Shorter after a
# crash, which must be over within a minute, including the sweep.
STATUS_WAIT = timedelta(seconds=60)
CRASH_WAIT = timedelta(seconds=45)
WINDOW_MARGIN = timedelta(seconds=60)
# When to look again at a message that another worker is sending.
OTHER_WORKER_S = 16.0
OPTED_OUT = "stopped"
CLAIM_FIELDS = ("state", "attempts", "is_probe", "lease_expires_at", "next_attempt_at")
# By the database's clock: a worker with a wrong clock would take a running attempt for
# a dead one and send the message twice.
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
    """A claimed message with everything that sending needs."""

    message_id: int
    phone_number_id: str
    to: Address
    content: dict[str, Any]
    opaque: str
    correlation_id: UUID | None
    # The trouble of the sender that this message reported before: Meta is asked whether
    # it persists before the message is sent again.
    sender_trouble: str = ""
    # The code that is shown as an image, with the content's text below it.
    qr_code: Code | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be sent for this number of seconds."""

    seconds: float
    # The next message has its tokens of the send rates already.
    has_token: bool = False


def claim_next(
    *, conversation_id: int, has_token: bool = False
) -> ClaimedMessage | Wait | bool | None:
    """Claim the oldest open message of the conversation, if it can be sent now.

    `has_token`: the caller waited for the moment of a token that it took. Return None
    when there is no message, and True when it was settled without sending (simulated,
    cancelled or failed).
    """
    with transaction.atomic():
        message = NEXT.first(conversation=conversation_id)
        if message is None or message.state not in outbox.OPEN:
            return None
        now = message.claimed_at
        return _not_yet(message, now) or _claim(message, now, has_token=has_token)


def _not_yet(message: OutboundMessage, now: datetime) -> Wait | bool | None:
    if message.state == State.SENDING:
        if message.lease_expires_at is not None and message.lease_expires_at > now:
            # Another worker is sending it, and continues with the next ones.
            return Wait(OTHER_WORKER_S)
        if message.attempts >= outbox.MOST_ATTEMPTS:
            outbox.handle_failure(message, code=ANSWER_LOST)
            return True
        mark_unknown(message, CRASH_WAIT)
    if message.next_attempt_at is not None and message.next_attempt_at > now:
        return Wait((message.next_attempt_at - now).total_seconds())
    return None


def _claim(
    message: OutboundMessage, now: datetime, *, has_token: bool
) -> ClaimedMessage | Wait | bool:
    conversation = message.conversation
    if reason := _cancel_reason(message):
        cancel(message, reason)
        return True
    closes_at = conversation.window_closes_at
    is_open = closes_at is not None and closes_at - WINDOW_MARGIN > now
    needs_window = message.kind != OutboundMessage.Kind.TEMPLATE
    if needs_window and not is_open and not outbox.use_fallback(message):
        outbox.handle_failure(message, code="131047")
        return True
    if conversation.is_synthetic or not settings.WA_TOKEN:
        simulated.deliver(message)
        return True
    to = _address(conversation.profile)
    if to is None:
        outbox.handle_failure(message, code=NO_ADDRESS)
        return True
    if wait := _rate_wait(message, now, has_token=has_token):
        return wait
    message.state = State.SENDING
    message.attempts += 1
    message.lease_expires_at = now + LEASE
    message.next_attempt_at = None
    prepared_rows.update(message, CLAIM_FIELDS)
    return ClaimedMessage(
        message_id=message.pk,
        phone_number_id=conversation.phone_number_id,
        to=to,
        content=_content(message),
        opaque=str(message.public_id),
        correlation_id=message.correlation_id,
        sender_trouble=message.sender_trouble if message.sender_holds else "",
        qr_code=_qr_code(message),
    )


def _cancel_reason(message: OutboundMessage) -> str:
    """Return why the message must not be sent any more, or ""."""
    conversation = message.conversation
    # A colleague's message does not depend on the agent's features.
    if not message.written_by and not may_answer(conversation.profile):
        return "feature disabled"
    if conversation.stopped_at is not None and consent.is_unrequested(message):
        return OPTED_OUT
    return ""


def cancel(message: OutboundMessage, reason: str) -> None:
    """Cancel an unsent message; the caller holds its row.

    When it was only a reply, the customer's messages go to the previous workflow.
    """
    turn = message.turn
    if reason != OPTED_OUT and turn is not None and turn.outcome == "reply":
        forwarding.forward_messages(turn.messages.all())
    message.state = State.CANCELLED
    message.save(update_fields=["state"])
    logger.info("ai.whatsapp.webhook.disabled", reason=reason)


def _rate_wait(
    message: OutboundMessage, now: datetime, *, has_token: bool
) -> Wait | None:
    """Return how long the circuit breaker or a send rate delays the message."""
    conversation = message.conversation
    if until := circuit_breaker.held_until(message, now):
        return Wait((until - now).total_seconds())
    if has_token:
        return None
    delay = send_rate.take(
        conversation_id=conversation.pk, phone_number_id=conversation.phone_number_id
    )
    return Wait(*delay) if delay else None


def _content(message: OutboundMessage) -> dict[str, Any]:
    """Return the content for the Graph API, with the voucher codes restored."""
    extra = message.extra
    if message.kind == OutboundMessage.Kind.TEMPLATE:
        parameters = tuple(restore_codes(text) for text in extra["parameters"])
        return template_content(Template(extra["name"], extra["language"], parameters))
    body = restore_codes(message.body)
    buttons = [Button(b["id"], b["title"]) for b in extra.get("buttons", ())]
    return buttons_content(body, buttons) if buttons else text_content(body)


def _qr_code(message: OutboundMessage) -> Code | None:
    """Return the code of an image; None once it was dropped: then text is sent."""
    public_id = message.extra.get("qr_of")
    if message.kind != OutboundMessage.Kind.IMAGE or not public_id:
        return None
    voucher = Voucher.objects.filter(public_id=public_id).first()
    return envelopes.read(voucher) if voucher else None


def _address(profile: Profile) -> Address | None:
    """Prefer the number, because then the webhooks that follow contain it."""
    if profile.msisdn:
        return Address(number=profile.msisdn)
    identity = profile.identities.filter(
        kind=Identity.Kind.BSUID, superseded_at=None
    ).first()
    return Address(bsuid=identity.value) if identity else None


def mark_unknown(message: OutboundMessage, wait: timedelta) -> None:
    """Store that the outcome of an attempt is unknown, and when to try again."""
    started_at = (message.lease_expires_at or timezone.now()) - LEASE
    message.state = State.UNKNOWN
    message.error_code = ANSWER_LOST
    message.was_in_doubt = True
    message.next_attempt_at = started_at + wait
    message.save(
        update_fields=["state", "error_code", "was_in_doubt", "next_attempt_at"]
    )
