"""Into the queue: in the transaction of the webhook that the items came with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from agents.core.jobs import enqueue_forwarding
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
from easymo.database import clock
from easymo.observability.logs import get_logger
from rollout.notices import notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agents.forwarding.envelope import EnvelopeItem
    from agents.models import Message

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
LANE = "forward-lane"
ITEM = "forward-item"
# As `services/statuses` knows our own messages.
OUTBOUND_ID = "outbound-id"
# A status without our mark may be of a message whose sending is not answered yet.
STATUS_HOLD = timedelta(seconds=60)

# In one order everywhere, so that two webhooks wait for each other and never in a
# circle. A lane that fails keeps its pause: what is new waits behind what is old. The
# update that changes nothing waits for whoever is just deleting an empty lane.
OPEN_LANES = """
INSERT INTO agents_forwardlane (lane, next_attempt_at, attempts, error_code)
SELECT lane, %s, 0, '' FROM unnest(%s::bytea[]) AS lane ORDER BY lane
ON CONFLICT (lane) DO UPDATE
SET next_attempt_at = agents_forwardlane.next_attempt_at
"""

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
    """One item of a webhook that is not for the agent, and why."""

    path: str
    reason: ForwardedItem.Reason


def is_set_up() -> bool:
    return bool(settings.LEGACY_WEBHOOK_URL)


def enqueue(event: WebhookEvent, wanted: Sequence[ItemToForward]) -> set[bytes]:
    """Queue the items, each once for ever it is kept; return whose lanes have new ones.

    Whoever calls opens them (`open_lanes`): all of its transaction at once, at its end
    and after its conversations. Lane by lane, two batches would wait in a circle.
    """
    if not wanted or event.is_synthetic or not is_set_up():
        return set()
    try:
        opened = Envelope(bytes(event.body or b""))
        picked = [(each.reason, opened.pick(each.path)) for each in wanted]
    except (UnreadableError, RecursionError):
        return set()
    rows = [_row(event, reason, parcel) for reason, parcel in picked if parcel]
    return _store(rows)


def forward_messages(messages: Iterable[Message]) -> None:
    """Send on what was taken in to be answered, and then may not be."""
    open_lanes(enqueue_messages(messages))


def enqueue_messages(messages: Iterable[Message]) -> set[bytes]:
    """Queue it, and return whose lanes have new items, as `enqueue` does."""
    if not is_set_up():
        return set()
    by_event: dict[int, list[Message]] = {}
    for message in messages:
        if message.event_id is not None and message.provider_id:
            by_event.setdefault(message.event_id, []).append(message)
    events = WebhookEvent.objects.in_bulk(list(by_event))
    return set().union(
        *(
            enqueue(event, _find(event, {m.provider_id for m in by_event[event_id]}))
            for event_id, event in sorted(events.items())
        )
    )


def _find(event: WebhookEvent, provider_ids: set[str]) -> list[ItemToForward]:
    try:
        paths = Envelope(bytes(event.body or b"")).paths_of(provider_ids)
    except (UnreadableError, RecursionError):
        return []
    return [ItemToForward(path, Reason.SWITCHED_OFF) for path in paths]


def _row(
    event: WebhookEvent, reason: ForwardedItem.Reason, parcel: EnvelopeItem
) -> ForwardedItem:
    row = ForwardedItem(
        lane=keys.digest(LANE, parcel.lane.encode("utf-8", "replace")),
        key=keys.digest(ITEM, parcel.name.encode("utf-8", "replace")),
        event=event,
        kind=parcel.kind,
        reason=reason,
        content=parcel.content,
    )
    if parcel.kind == ForwardedItem.Kind.STATUS and _may_be_ours(parcel):
        row.status_hmac = keys.digest(OUTBOUND_ID, parcel.about.encode())
        row.held_until = timezone.now() + STATUS_HOLD
    return row


def _may_be_ours(parcel: EnvelopeItem) -> bool:
    """Tell whether we are just sending to this person, and know no id of it yet."""
    open_states = [OutboundMessage.State.SENDING, OutboundMessage.State.UNKNOWN]
    sending = OutboundMessage.objects.filter(
        state__in=open_states, provider_id_hmac=None
    )
    if parcel.number:
        sending = sending.filter(conversation__profile__msisdn=f"+{parcel.number}")
    return not parcel.opaque and sending.exists()


def _store(rows: list[ForwardedItem]) -> set[bytes]:
    if not rows:
        return set()
    ForwardedItem.objects.bulk_create(rows, ignore_conflicts=True)
    made = ForwardedItem.objects.filter(
        key__in=[row.key for row in rows],
        event_id=rows[0].event_id,
        state=ForwardedItem.State.QUEUED,
    )
    reasons = dict[str, int]()
    lanes: set[bytes] = set()
    for lane, reason in made.values_list("lane", "reason"):
        lanes.add(bytes(lane))
        reasons[reason] = reasons.get(reason, 0) + 1
    if lanes:
        logger.info("ai.whatsapp.forward.queued", **reasons)
    return lanes


def open_lanes(lanes: set[bytes]) -> None:
    """See that each of these senders has a lane, and wake the forwarder."""
    if not lanes:
        return
    with connection.cursor() as cursor:
        cursor.execute(OPEN_LANES, [clock.now(), sorted(lanes)])
    enqueue_forwarding()


def enqueue_due_lanes() -> int:
    """Wake the forwarder when something is due; mend items that no lane carries."""
    if not is_set_up():
        return 0
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(REPAIR_LANES, [now])
    due = ForwardLane.objects.filter(next_attempt_at__lte=now).exists()
    if due:
        enqueue_forwarding()
    return int(due)


NOTICE_EVERY = timedelta(hours=1)
CAME_BACK = """
SELECT EXISTS (SELECT FROM agents_forwardedbody WHERE sha256 = ANY(%s))
"""


def looped_events(events: Sequence[WebhookEvent]) -> list[WebhookEvent]:
    """Return those whose very bytes we sent; raise the alarm for each."""
    with connection.cursor() as cursor:
        cursor.execute(CAME_BACK, [[bytes(event.sha256) for event in events]])
        if not cursor.fetchone()[0]:
            return []
    return [event for event in events if is_looped(event)]


def is_looped(event: WebhookEvent) -> bool:
    """Tell whether we sent these very bytes; raise the alarm when we did."""
    if not ForwardedBody.objects.filter(pk=bytes(event.sha256)).exists():
        return False
    logger.error("ai.whatsapp.forward.loop", event_id=event.pk)
    now = timezone.now()
    target, _ = ForwardTarget.objects.select_for_update().get_or_create(pk=1)
    if target.looped_at is None or now - target.looped_at > NOTICE_EVERY:
        notices.queue_notice(
            text="A webhook that we had sent on to the previous workflow came back to "
            "us and was dropped. LEGACY_WEBHOOK_URL leads to ourselves, or what is "
            "there sends back what it gets."
        )
    ForwardTarget.objects.filter(pk=1).update(loops=F("loops") + 1, looped_at=now)
    return True


State = ForwardedItem.State


@dataclass(frozen=True, slots=True)
class Overview:
    """How the queue and the other side are doing."""

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
    first = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    held_until = target.held_until if target else None
    return Overview(
        is_set_up=is_set_up(),
        waiting=waiting.count(),
        oldest=first,
        senders=lanes.count(),
        failing=lanes.filter(attempts__gt=0).count(),
        is_held=held_until is not None and held_until > timezone.now(),
        target=target,
    )


def retry_now() -> int:
    """End every pause; return how many senders wait."""
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
    """Queue once more what was sent on or ran out, while its content is kept."""
    with transaction.atomic():
        rows = list(
            ForwardedItem.objects.select_for_update()
            .filter(pk__in=item_ids, content__isnull=False, state=State.SENT)
            .order_by("pk")
        )
        ForwardedItem.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=State.QUEUED, sent_at=None
        )
        open_lanes({bytes(row.lane) for row in rows})
    logger.info("ai.whatsapp.forward.sent_again", items=len(rows))
    return len(rows)


ItemState = ForwardedItem.State
MOST = 5_000


def purge(*, older_than: datetime) -> int:
    """Forget contents; what the other side never took has then run out."""
    kept = ForwardedItem.objects.filter(
        created_at__lt=older_than, content__isnull=False
    )
    ids = list(kept.values_list("pk", flat=True)[:MOST])
    lost = ForwardedItem.objects.filter(pk__in=ids, state=ItemState.QUEUED).update(
        state=ItemState.EXPIRED
    )
    if lost:
        logger.error("ai.whatsapp.forward.expired", items=lost)
    forgotten = ForwardedItem.objects.filter(pk__in=ids).update(content=None)
    old = ForwardedBody.objects.filter(sent_at__lt=older_than)
    digests = list(old.values_list("pk", flat=True)[:MOST])
    return forgotten + ForwardedBody.objects.filter(pk__in=digests).delete()[0]
