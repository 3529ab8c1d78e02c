"""The queue of items for the previous workflow.

Items are queued in the transaction of their webhook, each once. Items of one sender
form a lane, which keeps their order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from agents.core.jobs import enqueue_forwarding
from agents.core.sealed_bodies import open_body, seal_if_code
from agents.forwarding.envelope import Envelope
from agents.models import (
    ForwardedBody,
    ForwardedItem,
    ForwardLane,
    ForwardTarget,
    OutboundMessage,
    WebhookEvent,
)
from agents.whatsapp.payload import UnreadableError
from easymo import keys
from easymo.database import clock, statements
from easymo.observability.logs import get_logger
from rollout.notices import notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from agents.forwarding.envelope import EnvelopeItem
    from agents.models import Message

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
State = ForwardedItem.State
LANE_PURPOSE = "forward-lane"
ITEM_PURPOSE = "forward-item"
# The purpose of the digests of our own messages' ids.
OUTBOUND_PURPOSE = "outbound-id"
# A status may be about our own message whose send request is not answered yet.
STATUS_HOLD = timedelta(seconds=60)
NOTICE_EVERY = timedelta(hours=1)
MOST_PURGED = 5_000

# In a fixed order, so that two webhooks cannot deadlock. A failing lane keeps its
# pause: new items wait behind older ones. The update that changes nothing waits for a
# transaction that is deleting the empty lane.
OPEN_LANES = """
INSERT INTO agents_forwardlane (lane, next_attempt_at, attempts, error_code)
SELECT lane, %s, 0, '' FROM unnest(%s::bytea[]) AS lane ORDER BY lane
ON CONFLICT (lane) DO UPDATE
SET next_attempt_at = agents_forwardlane.next_attempt_at
"""
FORWARDED = "SELECT sha256 FROM agents_forwardedbody WHERE sha256 = ANY(%s)"
REPAIR_LANES = """
INSERT INTO agents_forwardlane (lane, next_attempt_at, attempts, error_code)
SELECT DISTINCT i.lane, %s::timestamptz, 0, '' FROM agents_forwardeditem AS i
WHERE i.state = 'queued' AND NOT EXISTS (
    SELECT FROM agents_forwardlane AS l WHERE l.lane = i.lane
) ORDER BY i.lane
ON CONFLICT (lane) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class ItemToForward:
    """The path of an item in its webhook, and why it is forwarded."""

    path: str
    reason: ForwardedItem.Reason


def is_set_up() -> bool:
    return bool(settings.LEGACY_WEBHOOK_URL)


def enqueue(event: WebhookEvent, items: Sequence[ItemToForward]) -> set[bytes]:
    """Queue the items of an event, each once; return the lanes with new items.

    The caller opens all lanes of its transaction together at the end (`open_lanes`):
    opening them one by one could deadlock two batches.
    """
    if not items or event.is_synthetic or not is_set_up():
        return set()
    try:
        envelope = Envelope(open_body(event.body))
        found = [(item.reason, envelope.item_at(item.path)) for item in items]
    except (UnreadableError, RecursionError):
        return set()
    rows = [_row(event, reason, item) for reason, item in found if item]
    ForwardedItem.objects.bulk_create(rows, ignore_conflicts=True)
    made = ForwardedItem.objects.filter(
        key__in=[row.key for row in rows], event=event, state=State.QUEUED
    )
    lanes = list(made.values_list("lane", "reason"))
    if lanes:
        reasons = Counter(reason for _, reason in lanes)
        logger.info("ai.whatsapp.forward.queued", **reasons)
    return {bytes(lane) for lane, _ in lanes}


def forward_messages(messages: Iterable[Message]) -> None:
    """Queue messages that were stored for the agent, and open their lanes."""
    open_lanes(enqueue_messages(messages))


def enqueue_messages(messages: Iterable[Message]) -> set[bytes]:
    """Queue stored messages; return the lanes with new items, as `enqueue` does."""
    if not is_set_up():
        return set()
    by_event: dict[int, set[str]] = {}
    for message in messages:
        if message.event_id is not None and message.provider_id:
            by_event.setdefault(message.event_id, set()).add(message.provider_id)
    events = WebhookEvent.objects.in_bulk(list(by_event))
    lanes: set[bytes] = set()
    for event_id, event in sorted(events.items()):
        try:
            envelope = Envelope(open_body(event.body))
            paths = envelope.paths_of(by_event[event_id])
        except (UnreadableError, RecursionError):
            continue
        items = [ItemToForward(path, Reason.SWITCHED_OFF) for path in paths]
        lanes |= enqueue(event, items)
    return lanes


def _row(
    event: WebhookEvent, reason: ForwardedItem.Reason, item: EnvelopeItem
) -> ForwardedItem:
    row = ForwardedItem(
        lane=keys.digest(LANE_PURPOSE, item.lane.encode("utf-8", "replace")),
        key=keys.digest(ITEM_PURPOSE, item.key.encode("utf-8", "replace")),
        event=event,
        kind=item.kind,
        reason=reason,
        content=seal_if_code(item.content),
    )
    if item.kind == ForwardedItem.Kind.STATUS and _may_be_ours(item):
        row.status_hmac = keys.digest(OUTBOUND_PURPOSE, item.provider_id.encode())
        row.held_until = timezone.now() + STATUS_HOLD
    return row


def _may_be_ours(item: EnvelopeItem) -> bool:
    """Tell whether a message to this recipient is being sent and has no id yet."""
    open_states = [OutboundMessage.State.SENDING, OutboundMessage.State.UNKNOWN]
    sending = OutboundMessage.objects.filter(
        state__in=open_states, provider_id_hmac=None
    )
    if item.recipient:
        sending = sending.filter(conversation__profile__msisdn=f"+{item.recipient}")
    return not item.opaque and sending.exists()


def open_lanes(lanes: set[bytes]) -> None:
    """Make sure that each lane exists, and enqueue the forwarding job."""
    if not lanes:
        return
    with connection.cursor() as cursor:
        cursor.execute(OPEN_LANES, [clock.now(), sorted(lanes)])
    enqueue_forwarding()


def enqueue_due_lanes() -> int:
    """Enqueue the forwarding job when a lane is due; create missing lanes."""
    if not is_set_up():
        return 0
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(REPAIR_LANES, [now])
    is_due = ForwardLane.objects.filter(next_attempt_at__lte=now).exists()
    if is_due:
        enqueue_forwarding()
    return int(is_due)


def looped_events(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Return the events whose exact bytes we forwarded; record and report the loop."""
    digests = [bytes(event.sha256) for event in events]
    known = {bytes(digest) for (digest,) in statements.rows(FORWARDED, [digests])}
    looped = [event for event in events if bytes(event.sha256) in known]
    for event in looped:
        _record_loop(event)
    return looped


def _record_loop(event: WebhookEvent) -> None:
    logger.error("ai.whatsapp.forward.loop", event_id=event.pk)
    now = timezone.now()
    target, _ = ForwardTarget.objects.select_for_update().get_or_create(pk=1)
    if target.looped_at is None or now - target.looped_at > NOTICE_EVERY:
        notices.queue_notice(
            text="A webhook forwarded to the previous workflow came back and was "
            "dropped. LEGACY_WEBHOOK_URL points to this system, or the previous "
            "workflow returns what it receives."
        )
    ForwardTarget.objects.filter(pk=1).update(loops=F("loops") + 1, looped_at=now)


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the queue and of the previous workflow's endpoint."""

    is_set_up: bool
    waiting: int
    oldest: datetime | None
    senders: int
    failing: int
    is_held: bool
    target: ForwardTarget | None


def overview() -> Overview:
    waiting = ForwardedItem.objects.filter(state=State.QUEUED)
    lanes = ForwardLane.objects.all()
    target = ForwardTarget.objects.filter(pk=1).first()
    held_until = target.held_until if target else None
    return Overview(
        is_set_up=is_set_up(),
        waiting=waiting.count(),
        oldest=waiting.order_by("created_at")
        .values_list("created_at", flat=True)
        .first(),
        senders=lanes.count(),
        failing=lanes.filter(attempts__gt=0).count(),
        is_held=held_until is not None and held_until > timezone.now(),
        target=target,
    )


def retry_now() -> int:
    """End all pauses; return the number of waiting senders."""
    with transaction.atomic():
        ForwardTarget.objects.update_or_create(
            pk=1, defaults={"held_until": None, "failures": 0}
        )
        lanes = ForwardLane.objects.filter(lease_expires_at=None)
        count = lanes.update(next_attempt_at=timezone.now())
        enqueue_forwarding()
    logger.info("ai.whatsapp.forward.tried_now", senders=count)
    return count


def send_again(item_ids: Sequence[int]) -> int:
    """Queue sent items again while their content is kept; return how many."""
    with transaction.atomic():
        rows = list(_repeatable(item_ids).select_for_update().order_by("pk"))
        ForwardedItem.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.QUEUED, sent_at=None
        )
        open_lanes({bytes(row.lane) for row in rows})
    logger.info("ai.whatsapp.forward.sent_again", items=len(rows))
    return len(rows)


def may_send_again(item_id: int) -> bool:
    """Tell whether the item was sent and its content is kept."""
    return _repeatable([item_id]).exists()


def _repeatable(item_ids: Sequence[int]) -> QuerySet[ForwardedItem]:
    return ForwardedItem.objects.filter(
        pk__in=item_ids, content__isnull=False, state=State.SENT
    )


def purge(*, older_than: datetime) -> int:
    """Delete old contents and body digests; expire items that were never accepted."""
    kept = ForwardedItem.objects.filter(
        created_at__lt=older_than, content__isnull=False
    )
    ids = list(kept.values_list("pk", flat=True)[:MOST_PURGED])
    lost = ForwardedItem.objects.filter(pk__in=ids, state=State.QUEUED).update(
        state=State.EXPIRED
    )
    if lost:
        logger.error("ai.whatsapp.forward.expired", items=lost)
    blanked = ForwardedItem.objects.filter(pk__in=ids).update(content=None)
    old = ForwardedBody.objects.filter(sent_at__lt=older_than)
    digests = list(old.values_list("pk", flat=True)[:MOST_PURGED])
    return blanked + ForwardedBody.objects.filter(pk__in=digests).delete()[0]
