"""Delivery statuses of our messages, processed in any order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.core.code_redaction import drop_delivered_codes
from agents.core.handoffs import open_handoff
from agents.models import HandOff, MessageStatus, OutboundMessage
from agents.outbound import circuit_breaker, outbox, send_rate
from agents.whatsapp.error_table import rule_for
from easymo import keys
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.whatsapp.statuses import Status

logger = get_logger(__name__)

State = OutboundMessage.State
# Meta's states and ours. https://developers.facebook.com/documentation/business-messaging
# /whatsapp/webhooks/reference/messages/status
PLAYED = "played"
STATES = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    # A played voice message has been read.
    "played": State.READ,
    "failed": State.FAILED,
}
# A status only moves a message forward: a late "sent" changes nothing, and a delivered
# message cannot fail.
RANK = {
    State.QUEUED: 0,
    State.SENDING: 0,
    State.UNKNOWN: 0,
    State.SENT: 1,
    State.FAILED: 2,
    State.DELIVERED: 3,
    State.READ: 4,
    State.CANCELLED: 5,
}


@dataclass(frozen=True, slots=True)
class StatusResult:
    """Whether it was our message, and the conversation that can send its next one."""

    is_ours: bool
    conversation_id: int | None = None


def process_status(status: Status) -> StatusResult:
    """Store one status; a status of an unknown message is kept for a while."""
    digests = id_digests(status.provider_id)
    message = _find(digests, status.opaque)
    is_void = message is not None and _is_void(message, status.status, digests)
    MessageStatus.objects.bulk_create(
        [
            MessageStatus(
                # A failure that comes before our request is answered waits for that.
                outbound=None if _is_early(message, status.status) else message,
                provider_id_hmac=digests[0],
                status=status.status,
                error_code=status.error_code,
                pricing=status.pricing,
                errors=status.errors,
                recipient=status.recipient,
                sent_at=_at(status.timestamp),
            )
        ],
        ignore_conflicts=True,
    )
    if message is None:
        return StatusResult(is_ours=False)
    if is_void:
        return StatusResult(is_ours=True)
    return StatusResult(
        is_ours=True, conversation_id=_apply(message, status, digests[0])
    )


def attach_early_statuses(message: OutboundMessage) -> None:
    """Apply the statuses that came before our request was answered."""
    early = MessageStatus.objects.filter(
        outbound=None, provider_id_hmac=message.provider_id_hmac
    )
    rows = list(early.order_by("id"))
    if not rows:
        return
    early.update(outbound=message)
    for row in rows:
        store_details(
            message, pricing=row.pricing, errors=row.errors, recipient=row.recipient
        )
        _move(message, row.status, row.error_code, row.sent_at)


def store_details(
    message: OutboundMessage,
    *,
    pricing: dict[str, str],
    errors: list[dict[str, str]],
    recipient: dict[str, str],
) -> None:
    """Store the details of a status; an absent detail keeps the stored one."""
    message.pricing = pricing or message.pricing
    message.errors = errors or message.errors
    message.recipient = message.recipient | recipient
    message.save(update_fields=["pricing", "errors", "recipient"])


def _move(message: OutboundMessage, status: str, code: str, at: datetime) -> None:
    if status == PLAYED and message.played_at is None:
        message.played_at = at
        message.save(update_fields=["played_at"])
    state = STATES.get(status)
    if state == State.FAILED and RANK[State(message.state)] < RANK[State.FAILED]:
        _fail(message, code)
    else:
        _advance(message, state)


def id_digests(provider_id: str) -> list[bytes]:
    """Return the HMACs that this id may be stored under, the current one first."""
    return [value for _, value in keys.digests("outbound-id", provider_id.encode())]


def _find(digests: Sequence[bytes], opaque: str) -> OutboundMessage | None:
    messages = OutboundMessage.objects.select_for_update(of=("self",)).select_related(
        "conversation__profile"
    )
    found = messages.filter(provider_id_hmac__in=digests).first()
    if found is not None:
        return found
    try:
        public_id = UUID(opaque)
    except ValueError:
        return None
    return messages.filter(public_id=public_id).first()


def _is_early(message: OutboundMessage | None, status: str) -> bool:
    return (
        message is not None
        and STATES.get(status) == State.FAILED
        and message.state == State.SENDING
        and not message.provider_id_hmac
    )


def _is_void(message: OutboundMessage, status: str, digests: Sequence[bytes]) -> bool:
    """Tell whether the status belongs to an earlier attempt and changes nothing.

    A delivery counts for any attempt. A failure counts once, and for its own attempt
    only; a late "sent" does not revive a failed attempt.
    """
    state = STATES.get(status)
    if message.provider_id_hmac:
        is_current = bytes(message.provider_id_hmac) in digests
        return state == State.FAILED and not is_current
    if state == State.FAILED:
        return message.state != State.UNKNOWN
    return (
        state == State.SENT
        and MessageStatus.objects.filter(
            provider_id_hmac__in=digests, status="failed"
        ).exists()
    )


def _apply(message: OutboundMessage, status: Status, id_hmac: bytes) -> int | None:
    was_open = message.state in outbox.OPEN
    if not message.provider_id_hmac:
        # The answer to our request was lost; the status replaces it.
        message.provider_id = status.provider_id
        message.provider_id_hmac = id_hmac
        message.handed_over_at = message.handed_over_at or timezone.now()
    store_details(
        message,
        pricing=status.pricing,
        errors=status.errors,
        recipient=status.recipient,
    )
    _move(message, status.status, status.error_code, _at(status.timestamp))
    message.save(update_fields=["provider_id", "provider_id_hmac", "handed_over_at"])
    return message.conversation_id if was_open else None


def _fail(message: OutboundMessage, code: str) -> None:
    """Handle a failure that the provider reports after it accepted the message."""
    action = rule_for(code).action
    logger.warning(
        "ai.whatsapp.send.error", outbound_id=message.pk, code=code, action=action
    )
    outbox.handle_failure(message, code=code, by_status=True)


def _advance(message: OutboundMessage, state: State | None) -> None:
    if message.is_probe and state is not None and state != State.FAILED:
        circuit_breaker.close_after_probe(message, by_status=True)
    if state is None or RANK[state] <= RANK[State(message.state)]:
        return
    now = timezone.now()
    message.state = state
    message.lease_expires_at = message.next_attempt_at = None
    if state in {State.DELIVERED, State.READ}:
        message.delivered_at = message.delivered_at or now
    if state == State.READ:
        message.read_at = now
    message.save(
        update_fields=[
            "state",
            "lease_expires_at",
            "next_attempt_at",
            "delivered_at",
            "read_at",
        ]
    )
    if state in {State.DELIVERED, State.READ}:
        drop_delivered_codes(message)


def _at(timestamp: int | None) -> datetime:
    now = timezone.now()
    if timestamp is None:
        return now
    return min(datetime.fromtimestamp(timestamp, UTC), now)


# How long Meta keeps undelivered messages.
UNDELIVERED_FOR = timedelta(days=30)
# After this time a status without a message is not about ours.
STRAY_FOR = timedelta(minutes=10)
MOST = 5_000
MOST_AT_ONCE = 200
NOT_ARRIVED = "not_arrived"


def purge() -> int:
    """Delete full buckets and stray statuses; fail messages that were not delivered."""
    return send_rate.purge() + _purge_strays() + _fail_undelivered()


def _purge_strays() -> int:
    strays = MessageStatus.objects.filter(
        outbound=None, received_at__lt=timezone.now() - STRAY_FOR
    )
    first = list(strays.values_list("pk", flat=True)[:MOST])
    return MessageStatus.objects.filter(pk__in=first).delete()[0]


def _fail_undelivered() -> int:
    before = timezone.now() - UNDELIVERED_FOR
    with transaction.atomic():
        messages = list(
            OutboundMessage.objects.select_for_update(
                of=("self",), no_key=True, skip_locked=True
            )
            .select_related("conversation__profile")
            .filter(state=State.SENT, handed_over_at__lt=before)
            .order_by("handed_over_at")[:MOST_AT_ONCE]
        )
        for message in messages:
            message.state = State.FAILED
            message.error_code = NOT_ARRIVED
            message.save(update_fields=["state", "error_code"])
            open_handoff(
                kind=HandOff.Kind.UNDELIVERED,
                profile=message.conversation.profile,
                conversation=message.conversation,
                reason="A message was not delivered within 30 days.",
            )
    if messages:
        logger.warning("ai.whatsapp.send.error", code=NOT_ARRIVED, count=len(messages))
    return len(messages)
