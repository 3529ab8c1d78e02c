"""Turn stored events into messages and statuses, several events in a transaction.

A crash at any point loses nothing, because an event stays `received` until its
transaction commits, and repeats nothing, because ids are deduplicated. Several workers
may do this at once. Where an event fails, all are processed again one by one, each in
its own transaction and each item in its own savepoint. That costs two more round trips
per item and is rarely needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.jobs import (
    TURN_PRIORITY,
    discard_event_jobs,
    enqueue_deliveries,
    enqueue_turns,
)
from agents.core.sealed_bodies import holds_code, open_body
from agents.core.serving import our_number
from agents.forwarding import queue as forwarding
from agents.forwarding.queue import ItemToForward
from agents.identity import changes
from agents.inbound import event_selection
from agents.inbound.batch_order import lock_in_order
from agents.inbound.event_selection import fair_order
from agents.inbound.receive_message import (
    BUSY_SENDER,
    MessageReceiver,
    open_reply_windows,
)
from agents.inbound.redaction import seal_events
from agents.models import DeadLetter, ForwardedItem, WebhookEvent
from agents.outbound import circuit_breaker, statuses
from agents.whatsapp.error_table import Action, deciding_code, rule_for
from agents.whatsapp.payload import (
    BadItem,
    IgnoredItem,
    Inbound,
    ProviderErrors,
    UnreadableError,
    read,
)
from agents.whatsapp.user_updates import IdentityChange, Preference
from easymo.database import statements
from easymo.database.errors import is_transient
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agents.whatsapp.payload import Item
    from agents.whatsapp.statuses import Status

    KnownItem = Inbound | Status | Preference | IdentityChange
    ProcessItem = Callable[[MessageReceiver, KnownItem], None]

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
State = WebhookEvent.State
MAX_EVENTS = 200
# The first event of a batch waits for the last.
BATCH_SIZE = 16
# Other workers have locked the first events: look this many batches ahead.
LOOKAHEAD_BATCHES = 4
MAX_ATTEMPTS = 5

CLAIM = """
SELECT * FROM agents_webhookevent
WHERE state = 'received' AND id = ANY(%s::bigint[])
ORDER BY array_position(%s::bigint[], id) LIMIT %s
FOR UPDATE SKIP LOCKED
"""
CLOSE = """
UPDATE agents_webhookevent AS event
SET state = closed.state, attempts = event.attempts + 1, processed_at = %s
FROM unnest(%s::bigint[], %s::text[]) AS closed (id, state)
WHERE event.id = closed.id
"""


def process_stored_events(*, limit: int = MAX_EVENTS) -> int:
    """Process up to ``limit`` events, oldest first; return how many there were."""
    discard_event_jobs()
    done = 0
    while done < limit:
        size = min(BATCH_SIZE, limit - done)
        processed = _process_batch(size)
        if processed is None:
            return done + _process_one_by_one(limit - done)
        done += processed
        if processed < size:
            break
    return done + _process_possible_poison(limit - done)


def _process_batch(limit: int) -> int | None:
    """Process several events in one transaction; None when one of them failed."""
    try:
        with transaction.atomic():
            events = _claim(limit=limit)
            if events:
                _process(events, _process_item)
    except Exception as error:  # noqa: BLE001 - the cause is logged one by one
        logger.info("ai.whatsapp.webhook.again", error=type(error).__name__)
        return None
    return len(events)


def _process_one_by_one(limit: int) -> int:
    tried: list[int] = []
    while len(tried) < limit:
        event_id = _process_next(exclude=tried)
        if event_id is None:
            break
        tried.append(event_id)
    return len(tried)


def _process_next(*, exclude: list[int]) -> int | None:
    event: WebhookEvent | None = None
    try:
        with transaction.atomic():
            event = next(iter(_claim(limit=1, exclude=exclude)), None)
            if event is None:
                return None
            _process([event], _process_item_in_savepoint)
    except Exception as error:
        if event is None:
            raise
        _record_failure(event.pk, error)
    return event.pk


def _process_possible_poison(limit: int) -> int:
    done = 0
    for event in event_selection.claim_possible_poison_events(limit=limit):
        done += 1
        if event.attempts >= MAX_ATTEMPTS:
            _give_up(event, "its worker died with it")
            continue
        try:
            with transaction.atomic():
                rows = WebhookEvent.objects.select_for_update(skip_locked=True)
                locked = list(rows.filter(pk=event.pk, state=State.RECEIVED))
                if locked:
                    _process(locked, _process_item_in_savepoint)
        except Exception as error:  # noqa: BLE001 - logged there
            _record_failure(event.pk, error, is_counted=True)
    return done


def _claim(*, limit: int, exclude: Sequence[int] = ()) -> list[WebhookEvent]:
    """Lock the next events, those of a flooding sender after all others."""
    ahead = fair_order(limit=limit * LOOKAHEAD_BATCHES, exclude=exclude)
    return list(WebhookEvent.objects.raw(CLAIM, [ahead, ahead, limit])) if ahead else []


def _process(events: Sequence[WebhookEvent], process_item: ProcessItem) -> None:
    looped = forwarding.looped_events(events)
    batch = [(event, _read(event)) for event in events if event not in looped]
    lock_in_order(item for _, items in batch for item in items)
    languages: dict[int, str] = {}
    receivers = [
        _process_items(MessageReceiver(event, languages), items, process_item)
        for event, items in batch
    ]
    # Both lock rows in the order of their ids, so that two workers cannot deadlock.
    open_reply_windows(receivers)
    forwarding.open_lanes(set().union(*(each.lanes for each in receivers)))
    _close(events)
    parts: set[int] = set().union(*(each.to_seal for each in receivers))
    seal_events(
        parts | {each.pk for each in events if holds_code(open_body(each.body))}
    )
    enqueue_deliveries(set().union(*(each.to_deliver for each in receivers)))
    waiting: dict[int, int] = {}
    for each in receivers:
        waiting |= {pk: each.router.waiting[pk] for pk in each.to_answer}
    enqueue_turns(
        {
            pk: -count if count > BUSY_SENDER else TURN_PRIORITY
            for pk, count in waiting.items()
        }
    )


def _read(event: WebhookEvent) -> list[Item]:
    """Return the items of an event; none when it cannot be read, and then it failed."""
    with correlation.bound(event.correlation_id, event_id=event.pk):
        try:
            return list(read(open_body(event.body)))
        except UnreadableError as error:
            _add_dead_letter(event, "", str(error))
            event.state = State.FAILED
            return []


def _process_items(
    receiver: MessageReceiver, items: Sequence[Item], process_item: ProcessItem
) -> MessageReceiver:
    event = receiver.event
    with correlation.bound(event.correlation_id, event_id=event.pk):
        for item in items:
            if isinstance(item, BadItem | IgnoredItem | ProviderErrors):
                _log_unusable(receiver, item)
            else:
                process_item(receiver, item)
        receiver.lanes |= forwarding.enqueue(event, receiver.to_forward)
    return receiver


def _log_unusable(
    receiver: MessageReceiver, item: BadItem | IgnoredItem | ProviderErrors
) -> None:
    """Log an item that holds nothing to process; forward what may be of use there."""
    if isinstance(item, BadItem):
        _add_dead_letter(receiver.event, item.path, item.reason)
        receiver.to_forward.append(ItemToForward(item.path, Reason.UNREADABLE))
    elif isinstance(item, IgnoredItem):
        reason = Reason.UNKNOWN_FIELD if item.path else Reason.UNKNOWN_OBJECT
        receiver.to_forward.append(ItemToForward(item.path, reason))
        logger.info("ai.whatsapp.message.ignored", reason=item.reason)
    else:
        _process_provider_errors(receiver.event, item)


def _process_provider_errors(event: WebhookEvent, item: ProviderErrors) -> None:
    """Log errors that concern no message; trouble of our number or account holds it."""
    codes = [error["code"] for error in item.errors]
    logger.warning("ai.whatsapp.message.error", path=item.path, codes=codes)
    code = deciding_code(codes)
    rule = rule_for(code)
    is_ours = item.phone_number_id == our_number() and not event.is_synthetic
    if is_ours and rule.action == Action.STOP:
        circuit_breaker.open_by_report(
            number=item.phone_number_id, scope=rule.scope, code=code
        )


def _process_item_in_savepoint(receiver: MessageReceiver, item: KnownItem) -> None:
    """Process one item in a savepoint; one that fails becomes a dead letter."""
    try:
        with transaction.atomic():
            _process_item(receiver, item)
    except Exception as error:
        if is_transient(error):
            raise
        # The other items of the event are still processed.
        receiver.clear_cache()
        _add_dead_letter(receiver.event, item.path, type(error).__name__, error=error)


def _process_item(receiver: MessageReceiver, item: KnownItem) -> None:
    if isinstance(item, Inbound):
        receiver.receive(item)
    elif isinstance(item, Preference):
        receiver.record_preference(item)
    elif isinstance(item, IdentityChange):
        _record_change(receiver, item)
    else:
        taken = statuses.process_status(item)
        if not taken.is_ours:
            receiver.to_forward.append(ItemToForward(item.path, Reason.NOT_OURS))
        elif taken.conversation_id is not None:
            receiver.to_deliver.add(taken.conversation_id)


def _record_change(receiver: MessageReceiver, item: IdentityChange) -> None:
    """Record a changed number or id; forward it where the agent does not serve them."""
    profile = changes.process_identity_change(
        item, is_synthetic=receiver.event.is_synthetic
    )
    if profile is None or not receiver.router.is_served(profile):
        receiver.to_forward.append(ItemToForward(item.path, Reason.UNKNOWN_SENDER))
    receiver.clear_cache()


def _close(events: Sequence[WebhookEvent]) -> None:
    """Mark the events as processed; those that failed keep that state."""
    states = [
        event.state if event.state == State.FAILED else State.DONE for event in events
    ]
    statements.execute(
        CLOSE,
        [timezone.now(), [event.pk for event in events], list(map(str, states))],
    )


def _add_dead_letter(
    event: WebhookEvent, path: str, reason: str, *, error: Exception | None = None
) -> None:
    DeadLetter.objects.bulk_create(
        [DeadLetter(event=event, path=path[:200], reason=reason[:200])],
        ignore_conflicts=True,
    )
    logger.error("ai.whatsapp.message.error", path=path, reason=reason, exc_info=error)


def _record_failure(
    event_id: int, error: Exception, *, is_counted: bool = False
) -> None:
    """Count the failed attempt; after the last one the event is left to a person."""
    logger.error("ai.whatsapp.webhook.error", event_id=event_id, exc_info=error)
    if is_transient(error):
        if is_counted:
            event_selection.uncount_attempt(event_id)
        return
    with transaction.atomic():
        event = WebhookEvent.objects.select_for_update().get(pk=event_id)
        if event.state != State.RECEIVED:
            return
        if event.attempts + 1 >= MAX_ATTEMPTS:
            _give_up(event, type(error).__name__)
        elif not is_counted:
            event.attempts += 1
            event.save(update_fields=["attempts"])


def _give_up(event: WebhookEvent, reason: str) -> None:
    """Leave a whole event to a person."""
    with transaction.atomic():
        _add_dead_letter(event, "", reason)
        event.state = State.FAILED
        _close([event])
