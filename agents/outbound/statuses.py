"""What the provider tells about our own messages, in whatever order it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from agents.core.code_redaction import drop_delivered_codes
from agents.models import MessageStatus, OutboundMessage
from agents.outbound import circuit_breaker, outbox
from agents.whatsapp.error_table import action_for
from easymo import keys
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.whatsapp.statuses import Status

logger = get_logger(__name__)

State = OutboundMessage.State
# Meta's word -> ours. https://developers.facebook.com/documentation/business-messaging
# /whatsapp/webhooks/reference/messages/status
PLAYED = "played"
STATES = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    # A voice message was played: it was read before.
    "played": State.READ,
    "failed": State.FAILED,
}
# A status moves a message forward only: a late "sent" changes nothing, and a message
# that arrived has not failed.
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
    """Whose message it was about, and in which conversation the next may be sent."""

    is_ours: bool
    wakes: int | None = None


def process_status(status: Status) -> StatusResult:
    """Note one status of a message of ours; of another's it is noted for a while."""
    digests = id_digests(status.provider_id)
    message = _find(digests, status.opaque)
    is_void = message is not None and _is_void(message, status.status, digests)
    MessageStatus.objects.bulk_create(
        [
            MessageStatus(
                # A failure that overtook our own answer waits for it.
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
    return StatusResult(is_ours=True, wakes=_project(message, status, digests[0]))


def attach_early_statuses(message: OutboundMessage) -> None:
    """Take up the statuses that overtook the answer to our own request."""
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
    """Keep on the message what any of its statuses told; silence takes nothing back."""
    message.pricing = pricing or message.pricing
    message.errors = errors or message.errors
    message.recipient = message.recipient | recipient
    message.save(update_fields=["pricing", "errors", "recipient"])


def _move(message: OutboundMessage, word: str, code: str, at: datetime) -> None:
    if word == PLAYED and message.played_at is None:
        message.played_at = at
        message.save(update_fields=["played_at"])
    state = STATES.get(word)
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


def _is_early(message: OutboundMessage | None, word: str) -> bool:
    return (
        message is not None
        and STATES.get(word) == State.FAILED
        and message.state == State.SENDING
        and not message.provider_id_hmac
    )


def _is_void(message: OutboundMessage, word: str, digests: Sequence[bytes]) -> bool:
    """Tell whether the status changes nothing: it is about an earlier try.

    What arrived has arrived, by whichever try. But a failure counts for the try that
    it is about, and once; and what failed is not sent, whatever comes late.
    """
    state = STATES.get(word)
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


def _project(message: OutboundMessage, status: Status, id_hmac: bytes) -> int | None:
    was_open = message.state in outbox.OPEN
    if not message.provider_id_hmac:
        # The answer to our request was lost; this tells what became of it.
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
    """Try again what may still arrive; else tell one of us."""
    number = int(code) if code.isascii() and code.isdigit() else None
    action = action_for(number, 0)
    logger.warning(
        "ai.whatsapp.send.error", outbound_id=message.pk, code=code, action=action
    )
    outbox.handle_failure(message, code=code, action=action, by_status=True)


def _advance(message: OutboundMessage, state: State | None) -> None:
    if message.is_probe and state is not None and state != State.FAILED:
        circuit_breaker.record_working(message)
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
