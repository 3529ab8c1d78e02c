"""Taking a turn, and the messages it answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents.core.code_redaction import renumber_codes
from agents.core.locks import lock_conversation, lock_turn
from agents.core.serving import is_served
from agents.forwarding import queue as forwarding
from agents.language.detection import choose_language
from agents.language.message_text import has_words, is_own_text
from agents.models import Conversation, Message, Turn
from agents.offline.grammar import asks_for_person
from agents.turns import budgets, history
from agents.turns.lease import Lease, hold
from agents.turns.quiet_time import pause, waiting_in
from agents.turns.typing_indicator import claim_sign
from easymo.database import prepared_rows
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger
from rollout.flags.exposure import exposure_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from agents.llm.model import Item
    from agents.turns.quiet_time import Timing
    from rollout.flags.exposure import Exposure
    from vouchers.codes import Code
    from vouchers.models import Profile

CONFIRM = "confirm:"
DECLINE = "decline:"


@dataclass(frozen=True, slots=True)
class Wait:
    """The person may still be writing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """What one turn has to answer, read once; plain values from here on."""

    lease: Lease
    turn: Turn
    conversation: Conversation
    messages: tuple[Message, ...]
    exposure: Exposure
    language: str
    # What was said before, and what is said now, in the form that models read.
    history: tuple[Item, ...]
    present: tuple[Item, ...]
    # The person's own words, codes replaced by "[code 1]", and those codes.
    own_text: tuple[str, ...]
    # All her words, also those that a transcriber heard or that she passes on.
    said: tuple[str, ...]
    # What was heard, to be shown to her; "" when she wrote.
    heard: str = ""
    codes: Mapping[int, Code] = field(default_factory=dict)
    # She is shown that we read and write.
    shows_sign: bool = False

    @property
    def profile(self) -> Profile:
        return self.conversation.profile

    @property
    def subject(self) -> str:
        return str(self.profile.public_id)

    @property
    def press(self) -> Message | None:
        """The press of a button of ours; it is then the turn's only message."""
        return self.messages[0] if is_press(self.messages[0]) else None

    @property
    def has_words(self) -> bool:
        return any(self.said)


def is_press(message: Message) -> bool:
    return message.button_id.startswith((CONFIRM, DECLINE))


logger = get_logger(__name__)

FEATURE_DISABLED = "feature_disabled"
PAUSED = "paused"
# Of the turn before, everything but what is long.
LAST = Prepared(
    lambda: (
        Turn.objects.filter(conversation_id=slot("conversation"))
        .order_by("-id")
        .defer("items", "exposure")[:1]
    )
)
JOIN = "UPDATE agents_message SET state = 'claimed', turn_id = %s WHERE id = ANY(%s)"
LEAVE = """
UPDATE agents_message SET state = %s, codes_sealed = NULL
WHERE conversation_id = %s AND state = 'waiting'
"""


def begin(
    *, conversation_id: int, timing: Timing
) -> tuple[Lease, Turn, Work | Wait | None] | Wait | None:
    """Take a turn and what it answers; Wait while the person may still be writing."""
    with transaction.atomic():
        try:
            conversation = lock_conversation(conversation_id)
        except Conversation.DoesNotExist:
            return None
        last = LAST.first(conversation=conversation_id)
        if last is not None and last.status == Turn.Status.RUNNING:
            turn = _take_over(last, timing)
            if turn is None:
                return None
            return _go_on(turn, conversation, timing)
        waiting = waiting_in(conversation)
        if not waiting:
            return None
        ended_at, seconds = pause(waiting, timing, conversation.locked_at)
        if seconds > 0:
            return Wait(seconds)
        turn = Turn(
            conversation=conversation,
            lease_token=uuid.uuid4(),
            correlation_id=_correlation_of(waiting[0]),
            # Waiting for the turn before is waiting, not slowness of this one.
            input_ended_at=last.finished_at if last else None,
        )
        reason = _why_unanswered(conversation, waiting)
        if not reason:
            _note(turn, conversation, waiting, ended_at)
        lease = hold(turn, timing)
        return lease, turn, _take(lease, turn, conversation, waiting, reason)


def _go_on(
    turn: Turn, conversation: Conversation, timing: Timing
) -> tuple[Lease, Turn, Work | Wait | None]:
    """Go on where another worker stopped, perhaps after it had claimed messages."""
    lease = Lease(turn.pk, conversation.pk, turn.lease_token)
    messages = list(turn.messages.order_by("sent_at", "id"))
    if messages:
        return lease, turn, _work(lease, turn, conversation, messages)
    return lease, turn, _claim(lease, turn, conversation, timing)


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
        return _claim(lease, turn, conversation, timing)


def _claim(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    timing: Timing,
) -> Work | Wait | None:
    """Take in what waits, for a turn that is there already."""
    waiting = waiting_in(conversation)
    if not waiting:
        _close_silently(turn, "nothing_waits")
        return None
    ended_at, seconds = pause(waiting, timing, conversation.locked_at)
    if seconds > 0:
        return Wait(seconds)
    reason = _why_unanswered(conversation, waiting)
    if not reason:
        _note(turn, conversation, waiting, ended_at)
        prepared_rows.update(turn, ["input_ended_at", "correlation_id", "exposure"])
    return _take(lease, turn, conversation, waiting, reason)


def _why_unanswered(conversation: Conversation, waiting: Sequence[Message]) -> str:
    """Say why nobody answers now; nothing, when somebody does."""
    if reason := why_silent(conversation):
        return reason
    return budgets.OVER if _has_spent_the_day(conversation, waiting) else ""


def _note(
    turn: Turn,
    conversation: Conversation,
    waiting: Sequence[Message],
    ended_at: datetime,
) -> None:
    """Note when the person had finished, and what was on for her then."""
    turn.input_ended_at = max(ended_at, turn.input_ended_at or ended_at)
    turn.correlation_id = _correlation_of(waiting[0])
    turn.exposure = asdict(exposure_of(str(conversation.profile.public_id)))


def _take(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    waiting: Sequence[Message],
    reason: str,
) -> Work | None:
    """Join the messages to the turn, or close both where there is a reason to."""
    if reason:
        if reason == budgets.OVER:
            budgets.tell_once(conversation)
        _leave_unanswered(turn, conversation, waiting, reason)
        return None
    messages = _first_part(waiting)
    with connection.cursor() as cursor:
        cursor.execute(JOIN, [turn.pk, [message.pk for message in messages]])
    return _work(lease, turn, conversation, messages)


def _correlation_of(message: Message) -> UUID:
    """One id from the webhook to the reply."""
    return message.event.correlation_id if message.event else uuid.uuid4()


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


def _work(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    messages: Sequence[Message],
) -> Work:
    texts, codes = renumber_codes(
        (message.text, message.codes_sealed) for message in messages
    )
    spoken = list(zip(messages, texts, strict=True))
    own = tuple(text for message, text in spoken if is_own_text(message))
    said = tuple(text for message, text in spoken if has_words(message))
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
        shows_sign=claim_sign(turn, conversation, messages[-1]),
    )


def _leave_unanswered(
    turn: Turn, conversation: Conversation, waiting: Sequence[Message], reason: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, [str(unanswered(reason)), conversation.pk])
    _close_silently(turn, reason)
    if reason == FEATURE_DISABLED:
        forwarding.forward_messages(waiting)
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
