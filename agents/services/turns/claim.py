"""Taking a turn, and the messages it answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents.code_places import number_through
from agents.locks import lock_conversation, lock_turn
from agents.message_words import is_own_text, is_said
from agents.models import Conversation, Message, Turn
from agents.runtime.language import choose_language
from agents.runtime.offline.grammar import asks_for_person
from agents.services import budgets, forwarding, history
from agents.services.answering import is_served
from agents.services.turns.lease import Lease
from agents.services.turns.quiet import Heard, quiet_until
from agents.services.turns.voices import heard_at, is_being_heard
from agents.services.turns.work import Wait, Work, is_press
from easymo.observability.logs import get_logger
from rollout.services.exposure import exposure_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from agents.services.turns.timing import Timing

logger = get_logger(__name__)

FEATURE_DISABLED = "feature_disabled"
PAUSED = "paused"
# Of the turn before, everything that is long.
UNREAD = ("items", "exposure")


def begin(
    *, conversation_id: int, timing: Timing
) -> tuple[Lease, Turn, Work | Wait | None] | None:
    """Take a turn and, where the quiet time is over, what it answers."""
    with transaction.atomic():
        try:
            conversation = lock_conversation(conversation_id)
        except Conversation.DoesNotExist:
            return None
        last = conversation.turns.order_by("-id").defer(*UNREAD).first()
        if last is not None and last.status == Turn.Status.RUNNING:
            turn, waiting = _take_over(last, timing), None
        else:
            waiting = list(_waiting(conversation))
            turn = _open(conversation, waiting, last, timing)
        if turn is None:
            return None
        lease = Lease(turn.pk, conversation_id, turn.lease_token)
        claimed = _claim(lease, turn, conversation, waiting, timing=timing)
        return lease, turn, claimed


def _open(
    conversation: Conversation,
    waiting: Sequence[Message],
    last: Turn | None,
    timing: Timing,
) -> Turn | None:
    if not waiting:
        return None
    return Turn.objects.create(
        conversation=conversation,
        lease_token=uuid.uuid4(),
        lease_expires_at=Now() + timing.lease_span,
        correlation_id=_correlation_of(waiting[0]),
        # Waiting for the turn before is waiting, not slowness of this one.
        input_ended_at=last.finished_at if last else None,
    )


def _take_over(running: Turn, timing: Timing) -> Turn | None:
    """Swap the token, if the lease has ended and nobody else was quicker."""
    token = uuid.uuid4()
    taken = Turn.objects.filter(
        pk=running.pk,
        lease_token=running.lease_token,
        status=Turn.Status.RUNNING,
        lease_expires_at__lte=Now(),
    ).update(
        lease_token=token,
        lease_expires_at=Now() + timing.lease_span,
        attempts=F("attempts") + 1,
    )
    if not taken:
        return None
    return Turn.objects.get(pk=running.pk)


def claim(*, lease: Lease, timing: Timing) -> Work | Wait | None:
    """Take in what the person wrote; Wait while she may still be writing.

    None when there is nothing that may be answered: the turn is then closed.
    """
    with transaction.atomic():
        conversation = lock_conversation(lease.conversation_id)
        turn = lock_turn(turn_id=lease.turn_id, token=lease.token)
        # Only who takes a turn over can find messages joined to it already.
        waiting = list(_waiting(conversation))
        return _claim(lease, turn, conversation, waiting, timing=timing)


def _claim(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    waiting: Sequence[Message] | None,
    *,
    timing: Timing,
) -> Work | Wait | None:
    """Claim, holding both locks; `waiting` was read under them for a new turn."""
    if waiting is None:
        messages = list(turn.messages.order_by("sent_at", "id"))
        if messages:
            # Another worker had claimed them: nothing to wait for.
            return _work(lease, turn, conversation, messages)
        waiting = list(_waiting(conversation))
    if not waiting:
        _close_silently(turn, "nothing_waits")
        return None
    ended_at, pause = _pause(waiting, timing, conversation.locked_at)
    if pause > 0:
        return Wait(pause)
    if reason := why_silent(conversation):
        _leave_unanswered(turn, conversation, reason)
        return None
    if _has_spent_the_day(conversation, waiting):
        budgets.tell_once(conversation)
        _leave_unanswered(turn, conversation, budgets.OVER)
        return None
    messages = _first_part(waiting)
    _join(turn, conversation, messages, ended_at)
    return _work(lease, turn, conversation, messages)


def _pause(
    waiting: Sequence[Message], timing: Timing, now: datetime
) -> tuple[datetime, float]:
    """Return when she has finished, and for how many seconds to wait before asking."""
    ended_at = quiet_until([_heard(message) for message in waiting], timing)
    ended_at = max([ended_at, *heard_at(waiting)])
    if is_being_heard(waiting, now):
        return ended_at, timing.listen
    return ended_at, (ended_at - now).total_seconds()


def _waiting(conversation: Conversation) -> QuerySet[Message]:
    return (
        conversation.messages.filter(state=Message.State.WAITING)
        .select_related("event", "media")
        .defer("event__body")
        .order_by("sent_at", "id")
    )


def _correlation_of(message: Message) -> UUID:
    """One id from the webhook to the reply."""
    return message.event.correlation_id if message.event else uuid.uuid4()


def _heard(message: Message) -> Heard:
    return Heard(message.received_at, message.kind, bool(message.button_id))


def _first_part(waiting: Sequence[Message]) -> list[Message]:
    """Keep the press of a button of ours a turn of its own, in its place."""
    if is_press(waiting[0]):
        return [waiting[0]]
    for place, message in enumerate(waiting):
        if is_press(message):
            return list(waiting[:place])
    return list(waiting)


def why_silent(conversation: Conversation) -> str:
    """Say why nothing may be said to this person now; nothing, when it may."""
    if not is_served(conversation.profile):
        return FEATURE_DISABLED
    if not conversation.profile.is_active:
        return "inactive"
    return PAUSED if conversation.is_paused(timezone.now()) else ""


def unanswered(reason: str) -> Message.State:
    """Return what becomes of messages that the agent does not answer."""
    return Message.State.HANDED if reason == PAUSED else Message.State.UNANSWERED


def _has_spent_the_day(conversation: Conversation, waiting: Sequence[Message]) -> bool:
    """Tell whether a model may not be asked; a button and a person cost nothing."""
    if is_press(waiting[0]) or not budgets.is_over_day(conversation):
        return False
    # Last: to understand words costs more than to ask for a sum.
    return not any(asks_for_person(message.text) for message in waiting)


def _join(
    turn: Turn,
    conversation: Conversation,
    messages: Sequence[Message],
    ended_at: datetime,
) -> None:
    Message.objects.filter(pk__in=[message.pk for message in messages]).update(
        state=Message.State.CLAIMED, turn=turn
    )
    turn.input_ended_at = max(ended_at, turn.input_ended_at or ended_at)
    turn.correlation_id = _correlation_of(messages[0])
    turn.exposure = asdict(exposure_of(str(conversation.profile.public_id)))
    turn.save(update_fields=["input_ended_at", "correlation_id", "exposure"])


def _work(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    messages: Sequence[Message],
) -> Work:
    texts, codes = number_through(
        (message.text, message.codes_sealed) for message in messages
    )
    spoken = list(zip(messages, texts, strict=True))
    own = tuple(text for message, text in spoken if is_own_text(message))
    said = tuple(text for message, text in spoken if is_said(message))
    return Work(
        lease=lease,
        turn=turn,
        conversation=conversation,
        messages=tuple(messages),
        exposure=exposure_of(str(conversation.profile.public_id)),
        language=choose_language(
            profile_language=conversation.profile.language,
            texts=said,
            last=conversation.language,
        ),
        history=history.before(conversation=conversation, now=timezone.now()),
        present=tuple(history.present(messages, texts)),
        own_text=own,
        said=said,
        heard="\n".join(text for message, text in spoken if message.is_spoken),
        codes=codes,
    )


def _leave_unanswered(turn: Turn, conversation: Conversation, reason: str) -> None:
    waiting = list(_waiting(conversation))
    _waiting(conversation).update(state=unanswered(reason), codes_sealed=None)
    _close_silently(turn, reason)
    if reason == FEATURE_DISABLED:
        forwarding.forward_unanswered(waiting)
        logger.info(
            "ai.whatsapp.webhook.disabled",
            turn_id=turn.pk,
            conversation_id=conversation.pk,
            reason="feature disabled",
        )


def _close_silently(turn: Turn, reason: str) -> None:
    turn.status = Turn.Status.DONE
    turn.outcome = "silent"
    turn.error_code = reason
    turn.finished_at = timezone.now()
    turn.save(update_fields=["status", "outcome", "error_code", "finished_at"])
