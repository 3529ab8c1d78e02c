"""From the raw store to messages and statuses, several webhooks in a transaction.

Killing it anywhere loses nothing, for an event stays received until its transaction
commits, and doubles nothing, for ids are seen once. Several may run at once. Should
one webhook fail, all are taken in again, each in a transaction and each item in a
savepoint of its own: that care costs two round trips an item, and is rarely needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from agents.core.jobs import (
    TURN_PRIORITY,
    discard_event_jobs,
    enqueue_deliveries,
    enqueue_turns,
)
from agents.forwarding import queue as forwarding
from agents.forwarding.queue import ItemToForward
from agents.identity import changes
from agents.inbound import event_selection
from agents.inbound.event_selection import fair_order
from agents.inbound.receive_message import BUSY, Intake, open_windows
from agents.models import DeadLetter, ForwardedItem, WebhookEvent
from agents.outbound import statuses
from agents.whatsapp.payload import (
    BadItem,
    IgnoredItem,
    Inbound,
    Item,
    ProviderErrors,
    UnreadableError,
    read,
)
from agents.whatsapp.user_updates import IdentityChange, Preference
from easymo.database.errors import is_passing
from easymo.observability import correlation
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agents.whatsapp.statuses import Status

    Known = Inbound | Status | Preference | IdentityChange
    Take = Callable[[Intake, Known], None]

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
State = WebhookEvent.State
MOST_EVENTS = 200
# The first of them waits for the last.
MOST_AT_ONCE = 16
# Whoever else is at it has locked the first ones.
HANDS = 4
MOST_ATTEMPTS = 5

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


def drain(*, limit: int = MOST_EVENTS) -> int:
    """Take in up to ``limit`` webhooks, oldest first; return how many there were."""
    discard_event_jobs()
    done = 0
    while done < limit:
        wanted = min(MOST_AT_ONCE, limit - done)
        taken = _take_together(wanted)
        if taken is None:
            return done + _take_one_by_one(limit - done)
        done += taken
        if taken < wanted:
            break
    return done + _take_suspects(limit - done)


def _take_together(limit: int) -> int | None:
    """Take several in one transaction; None when one of them needs care of its own."""
    try:
        with transaction.atomic():
            events = _claim(limit=limit)
            if events:
                _take_in(events, _take_known)
    except Exception as error:  # noqa: BLE001 - found again, and told, one by one
        logger.info("ai.whatsapp.webhook.again", error=type(error).__name__)
        return None
    return len(events)


def _take_one_by_one(limit: int) -> int:
    tried: list[int] = []
    while len(tried) < limit:
        event_id = _take_next(but=tried)
        if event_id is None:
            break
        tried.append(event_id)
    return len(tried)


def _take_next(*, but: list[int]) -> int | None:
    event: WebhookEvent | None = None
    try:
        with transaction.atomic():
            event = next(iter(_claim(limit=1, but=but)), None)
            if event is None:
                return None
            _take_in([event], _take_carefully)
    except Exception as error:
        if event is None:
            raise
        _note_failure(event.pk, error)
    return event.pk


def _take_suspects(limit: int) -> int:
    done = 0
    for event in event_selection.claimed(most=limit):
        done += 1
        if event.attempts >= MOST_ATTEMPTS:
            _give_up(event, "it took its worker along")
            continue
        try:
            with transaction.atomic():
                rows = WebhookEvent.objects.select_for_update(skip_locked=True)
                held = list(rows.filter(pk=event.pk, state=State.RECEIVED))
                if held:
                    _take_in(held, _take_carefully)
        except Exception as error:  # noqa: BLE001 - it is told there
            _note_failure(event.pk, error, is_counted=True)
    return done


def _claim(*, limit: int, but: Sequence[int] = ()) -> list[WebhookEvent]:
    """Lock the next ones, those of a flooding sender after everybody else's."""
    ahead = fair_order(most=limit * HANDS, but=but)
    return list(WebhookEvent.objects.raw(CLAIM, [ahead, ahead, limit])) if ahead else []


def _take_in(events: Sequence[WebhookEvent], take: Take) -> None:
    looped = forwarding.looped_events(events)
    intakes = [_take_items(event, take) for event in events if event not in looped]
    # In one order everywhere: two workers that touch the same people then wait for
    # each other, and never in a circle.
    open_windows(intakes)
    forwarding.open_lanes(set().union(*(intake.lanes for intake in intakes)))
    _close(events)
    enqueue_deliveries(set().union(*(intake.to_deliver for intake in intakes)))
    waiting: dict[int, int] = {}
    for intake in intakes:
        waiting |= {pk: intake.waiting[pk] for pk in intake.to_wake}
    enqueue_turns(
        {pk: -count if count > BUSY else TURN_PRIORITY for pk, count in waiting.items()}
    )


def _take_items(event: WebhookEvent, take: Take) -> Intake:
    intake = Intake(event)
    with correlation.bound(event.correlation_id, event_id=event.pk):
        try:
            for item in read(bytes(event.body or b"")):
                _take_item(intake, item, take)
        except UnreadableError as error:
            _bury(event, "", str(error))
            event.state = State.FAILED
        intake.lanes |= forwarding.enqueue(event, intake.to_forward)
    return intake


def _take_item(intake: Intake, item: Item, take: Take) -> None:
    if isinstance(item, BadItem):
        _bury(intake.event, item.path, item.reason)
        intake.to_forward.append(ItemToForward(item.path, Reason.UNREADABLE))
        return
    if isinstance(item, IgnoredItem):
        reason = Reason.UNKNOWN_FIELD if item.path else Reason.UNKNOWN_OBJECT
        intake.to_forward.append(ItemToForward(item.path, reason))
        logger.info("ai.whatsapp.message.ignored", reason=item.reason)
        return
    if isinstance(item, ProviderErrors):
        codes = [error["code"] for error in item.errors]
        logger.warning("ai.whatsapp.message.error", path=item.path, codes=codes)
        return
    take(intake, item)


def _take_carefully(intake: Intake, item: Known) -> None:
    """Take one item in within its own savepoint; a bad one becomes a dead letter."""
    try:
        with transaction.atomic():
            _take_known(intake, item)
    except Exception as error:
        if is_passing(error):
            raise
        # Its siblings go on.
        intake.forget()
        _bury(intake.event, item.path, type(error).__name__, error=error)


def _take_known(intake: Intake, item: Known) -> None:
    if isinstance(item, Inbound):
        intake.take_in(item)
    elif isinstance(item, Preference):
        intake.take_preference(item)
    elif isinstance(item, IdentityChange):
        _take_change(intake, item)
    else:
        taken = statuses.process_status(item)
        if not taken.is_ours:
            intake.to_forward.append(ItemToForward(item.path, Reason.NOT_OURS))
        elif taken.conversation_id is not None:
            intake.to_deliver.add(taken.conversation_id)


def _take_change(intake: Intake, item: IdentityChange) -> None:
    """Note what became of somebody's names; the other side hears of its own people."""
    known = changes.process_identity_change(
        item, is_synthetic=intake.event.is_synthetic
    )
    if known is None or not intake.judge.is_served(known):
        intake.to_forward.append(ItemToForward(item.path, Reason.UNKNOWN_SENDER))
    intake.forget()


def _close(events: Sequence[WebhookEvent]) -> None:
    """Note that they need no more looking at; each says itself whether it failed."""
    states = [
        event.state if event.state == State.FAILED else State.DONE for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            CLOSE,
            [timezone.now(), [event.pk for event in events], list(map(str, states))],
        )


def _bury(
    event: WebhookEvent, path: str, reason: str, *, error: Exception | None = None
) -> None:
    DeadLetter.objects.bulk_create(
        [DeadLetter(event=event, path=path[:200], reason=reason[:200])],
        ignore_conflicts=True,
    )
    logger.error("ai.whatsapp.message.error", path=path, reason=reason, exc_info=error)


def _note_failure(event_id: int, error: Exception, *, is_counted: bool = False) -> None:
    """Count the try of a whole webhook; after the last one a person has to look."""
    logger.error("ai.whatsapp.webhook.error", event_id=event_id, exc_info=error)
    if is_passing(error):
        # The database, or a race with another worker: it will go in later.
        if is_counted:
            event_selection.forgive(event_id)
        return
    with transaction.atomic():
        event = WebhookEvent.objects.select_for_update().get(pk=event_id)
        if event.state != State.RECEIVED:
            return
        if event.attempts + 1 >= MOST_ATTEMPTS:
            _give_up(event, type(error).__name__)
        elif not is_counted:
            event.attempts += 1
            event.save(update_fields=["attempts"])


def _give_up(event: WebhookEvent, reason: str) -> None:
    """Leave a whole webhook to a person."""
    with transaction.atomic():
        _bury(event, "", reason)
        event.state = State.FAILED
        _close([event])
