"""From the raw store to messages and statuses: each webhook a transaction of its own.

Killing it anywhere loses nothing, for the event stays received until its transaction
commits, and doubles nothing, for ids are seen once. Several may run at once.
"""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from agents.channels.whatsapp.payload import (
    Bad,
    Ignored,
    Inbound,
    Item,
    Status,
    UnreadableError,
    read,
)
from agents.channels.whatsapp.preferences import Preference
from agents.models import DeadLetter, ForwardedItem, WebhookEvent
from agents.services import forwarding, statuses
from agents.services.forwarding import Wanted
from agents.services.intake import BUSY, Intake
from agents.wakes import wake_delivery, wake_turn
from easymo.observability import correlation
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
MOST_EVENTS = 200
MOST_ATTEMPTS = 5
# The connection or a race with another worker: the same webhook will go in later.
TRANSIENT = (InterfaceError, OperationalError)


def drain(*, limit: int = MOST_EVENTS) -> int:
    """Take in up to ``limit`` webhooks, oldest first; return how many there were."""
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
            event = _claim(but)
            if event is None:
                return None
            with correlation.bound(event.correlation_id, event_id=event.pk):
                _take_in(event)
    except Exception as error:
        if event is None:
            raise
        _note_failure(event.pk, error)
    return event.pk


def _claim(but: list[int]) -> WebhookEvent | None:
    return (
        WebhookEvent.objects.filter(state=WebhookEvent.State.RECEIVED)
        .exclude(pk__in=but)
        .select_for_update(skip_locked=True)
        .order_by("pk")
        .first()
    )


def _take_in(event: WebhookEvent) -> None:
    if forwarding.has_come_back(event):
        _close(event, WebhookEvent.State.DONE)
        return
    intake = Intake(event)
    state = WebhookEvent.State.DONE
    try:
        for item in read(bytes(event.body or b"")):
            _take_item(intake, item)
    except UnreadableError as error:
        _bury(event, "", str(error))
        state = WebhookEvent.State.FAILED
    intake.open_windows()
    forwarding.enqueue(event, intake.to_forward)
    _close(event, state)
    # In one order everywhere: two workers that wake the same people then wait for
    # each other, and never in a circle.
    for conversation_id in sorted(intake.to_deliver):
        wake_delivery(conversation_id=conversation_id)
    for conversation_id in sorted(intake.to_wake):
        waiting = intake.waiting[conversation_id]
        wake_turn(
            conversation_id=conversation_id, priority=-waiting if waiting > BUSY else 0
        )


def _take_item(intake: Intake, item: Item) -> None:
    """Take one item in within its own savepoint; a bad one becomes a dead letter."""
    if isinstance(item, Bad):
        _bury(intake.event, item.path, item.reason)
        intake.to_forward.append(Wanted(item.path, Reason.UNREADABLE))
        return
    if isinstance(item, Ignored):
        reason = Reason.UNKNOWN_FIELD if item.path else Reason.UNKNOWN_OBJECT
        intake.to_forward.append(Wanted(item.path, reason))
        logger.info("ai.whatsapp.message.ignored", reason=item.reason)
        return
    try:
        with transaction.atomic():
            _take_known(intake, item)
    except TRANSIENT:
        raise
    except Exception as error:  # noqa: BLE001 - its siblings go on
        intake.forget()
        _bury(intake.event, item.path, type(error).__name__, error=error)


def _take_known(intake: Intake, item: Inbound | Status | Preference) -> None:
    if isinstance(item, Inbound):
        intake.take_in(item)
    elif isinstance(item, Preference):
        intake.take_preference(item)
    else:
        taken = statuses.take_in(item)
        if not taken.is_ours:
            intake.to_forward.append(Wanted(item.path, Reason.NOT_OURS))
        elif taken.wakes is not None:
            intake.to_deliver.add(taken.wakes)


def _close(event: WebhookEvent, state: WebhookEvent.State) -> None:
    event.state = state
    event.attempts += 1
    event.processed_at = timezone.now()
    event.save(update_fields=["state", "attempts", "processed_at"])


def _bury(
    event: WebhookEvent, path: str, reason: str, *, error: Exception | None = None
) -> None:
    DeadLetter.objects.bulk_create(
        [DeadLetter(event=event, path=path[:200], reason=reason[:200])],
        ignore_conflicts=True,
    )
    logger.error("ai.whatsapp.message.error", path=path, reason=reason, exc_info=error)


def _note_failure(event_id: int, error: Exception) -> None:
    """Count the try of a whole webhook; after the last one a person has to look."""
    logger.error("ai.whatsapp.webhook.error", event_id=event_id, exc_info=error)
    if isinstance(error, TRANSIENT):
        return
    with transaction.atomic():
        event = WebhookEvent.objects.select_for_update().get(pk=event_id)
        if event.state != WebhookEvent.State.RECEIVED:
            return
        if event.attempts + 1 >= MOST_ATTEMPTS:
            _bury(event, "", type(error).__name__)
            _close(event, WebhookEvent.State.FAILED)
        else:
            event.attempts += 1
            event.save(update_fields=["attempts"])
