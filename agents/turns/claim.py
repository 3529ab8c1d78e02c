"""Start or take over a turn, and claim the messages that it answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from agents.content import in_force
from agents.content.document import BUILT_IN, Content
from agents.core.code_redaction import renumber_codes
from agents.core.locks import lock_conversation, lock_turn
from agents.core.serving import is_served
from agents.forwarding import queue as forwarding
from agents.language.choice import language_of, note_language, shows_language
from agents.language.message_text import has_words, is_own_text
from agents.models import Conversation, Message, Turn
from agents.offline.grammar import asks_for_person
from agents.turns import budgets, history
from agents.turns.lease import Lease, create_leased_turn
from agents.turns.quiet_time import quiet_time_left, waiting_in
from agents.turns.typing_indicator import claim_typing_indicator
from easymo.database import prepared_rows, statements
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

logger = get_logger(__name__)

CONFIRM = "confirm:"
DECLINE = "decline:"
# Of the question whether it is really this person who is calling.
CALLING = "calling:"
NOT_CALLING = "notcalling:"
FEATURE_DISABLED = "feature_disabled"
PAUSED = "paused"
# The person waits for a colleague and knows it.
QUEUED = "queued"
# What is known of a turn when it gets its messages.
INPUT = (
    *("input_ended_at", "correlation_id", "exposure"),
    *("content_version", "content_draft"),
)
# The previous turn without its long fields.
LAST_TURN = Prepared(
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


@dataclass(frozen=True, slots=True)
class QuietTimeLeft:
    """The customer may still be writing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClaimedTurn:
    """A turn and what it has to answer; read once, plain values from here on.

    A turn of a phone call has no messages.
    """

    lease: Lease
    turn: Turn
    conversation: Conversation
    messages: tuple[Message, ...]
    exposure: Exposure
    language: str
    # What was said before and in this turn, in the form that models read.
    history: tuple[Item, ...]
    present: tuple[Item, ...]
    # What the customer typed, with codes replaced by "[code 1]", and those codes.
    own_text: tuple[str, ...]
    # All text of the customer, also transcripts and forwarded messages.
    texts: tuple[str, ...]
    # Shown to the customer above the reply; "" without a voice note.
    transcript: str = ""
    codes: Mapping[int, Code] = field(default_factory=dict)
    shows_typing: bool = False
    # Of a call: the caller proved who they are.
    is_verified: bool = False
    # What operators wrote, of the version that the turn began with.
    content: Content = BUILT_IN

    @property
    def profile(self) -> Profile:
        return self.conversation.profile

    @property
    def subject(self) -> str:
        return str(self.profile.public_id)

    @property
    def press(self) -> Message | None:
        """The press of a button that code handles; it is the turn's only message."""
        first = next(iter(self.messages), None)
        return first if first is not None and is_press(first) else None

    @property
    def has_text(self) -> bool:
        return any(self.texts)


type Claimed = ClaimedTurn | QuietTimeLeft | None


def is_press(message: Message) -> bool:
    return message.button_id.startswith((CONFIRM, DECLINE, CALLING, NOT_CALLING))


def start_or_resume(
    *, conversation_id: int, timing: Timing
) -> tuple[Lease, Turn, Claimed] | QuietTimeLeft | None:
    """Lease a turn and claim its messages; QuietTimeLeft while it is too early.

    None where nothing waits or another worker holds the turn.
    """
    with transaction.atomic():
        try:
            conversation = lock_conversation(conversation_id)
        except Conversation.DoesNotExist:
            return None
        last = LAST_TURN.first(conversation=conversation_id)
        if last is not None and last.status == Turn.Status.RUNNING:
            turn = _take_over(last, timing)
            return _resume(turn, conversation, timing) if turn else None
        waiting = waiting_in(conversation)
        if not waiting:
            return None
        ended_at, seconds = quiet_time_left(waiting, timing, conversation.locked_at)
        if seconds > 0:
            return QuietTimeLeft(seconds)
        turn = Turn(
            conversation=conversation,
            lease_token=uuid.uuid4(),
            correlation_id=_correlation_of(waiting[0]),
            # The time of the turn before does not count as latency of this one.
            input_ended_at=last.finished_at if last else None,
        )
        if reason := _why_unanswered(conversation, waiting):
            lease = create_leased_turn(turn, timing)
            _leave_unanswered(turn, conversation, waiting, reason)
            return lease, turn, None
        messages = _first_part(waiting)
        _set_input(turn, conversation, waiting, ended_at)
        shows = claim_typing_indicator(turn, conversation, messages[-1])
        lease = create_leased_turn(turn, timing)
        _join(turn, messages)
        claimed = _claimed_turn(lease, turn, conversation, messages)
        return lease, turn, replace(claimed, shows_typing=shows)


def claim_messages(*, lease: Lease, timing: Timing) -> Claimed:
    """Claim messages for a turn that has none yet.

    None when there is nothing that may be answered: the turn is then closed.
    """
    with transaction.atomic():
        conversation = lock_conversation(lease.conversation_id)
        turn = lock_turn(turn_id=lease.turn_id, token=lease.token)
        return _claim(lease, turn, conversation, timing)


def _take_over(running: Turn, timing: Timing) -> Turn | None:
    """Swap the token if the lease has ended and no other worker was faster."""
    taken = Turn.objects.filter(
        pk=running.pk,
        lease_token=running.lease_token,
        status=Turn.Status.RUNNING,
        lease_expires_at__lte=Now(),
    ).update(
        lease_token=uuid.uuid4(),
        lease_expires_at=Now() + timing.lease_span,
        attempts=F("attempts") + 1,
    )
    return Turn.objects.get(pk=running.pk) if taken else None


def _resume(
    turn: Turn, conversation: Conversation, timing: Timing
) -> tuple[Lease, Turn, Claimed]:
    """Resume the turn of another worker, which may have claimed messages already."""
    lease = Lease(turn.pk, conversation.pk, turn.lease_token)
    messages = list(turn.messages.order_by("sent_at", "id"))
    if messages:
        claimed = _claimed_turn(lease, turn, conversation, messages)
        return lease, turn, _with_indicator(claimed)
    return lease, turn, _claim(lease, turn, conversation, timing)


def _claim(
    lease: Lease, turn: Turn, conversation: Conversation, timing: Timing
) -> Claimed:
    waiting = waiting_in(conversation)
    if not waiting:
        _close_silently(turn, "nothing_waits")
        return None
    ended_at, seconds = quiet_time_left(waiting, timing, conversation.locked_at)
    if seconds > 0:
        return QuietTimeLeft(seconds)
    if reason := _why_unanswered(conversation, waiting):
        _leave_unanswered(turn, conversation, waiting, reason)
        return None
    messages = _first_part(waiting)
    _set_input(turn, conversation, waiting, ended_at)
    prepared_rows.update(turn, INPUT)
    _join(turn, messages)
    return _with_indicator(_claimed_turn(lease, turn, conversation, messages))


def _why_unanswered(conversation: Conversation, waiting: Sequence[Message]) -> str:
    """Return why the agent does not answer now; "" when it does."""
    if reason := why_silent(conversation):
        return reason
    return budgets.OVER if _has_spent_the_day(conversation, waiting) else ""


def _set_input(
    turn: Turn,
    conversation: Conversation,
    waiting: Sequence[Message],
    ended_at: datetime,
) -> None:
    """Set when the quiet time ended, which features were on, and which content."""
    turn.input_ended_at = max(ended_at, turn.input_ended_at or ended_at)
    turn.correlation_id = _correlation_of(waiting[0])
    turn.exposure = asdict(exposure_of(str(conversation.profile.public_id)))
    content = in_force.for_person(conversation.profile)
    turn.content_version, turn.content_draft = content.version, content.draft


def _join(turn: Turn, messages: Sequence[Message]) -> None:
    statements.execute(JOIN, [turn.pk, [message.pk for message in messages]])


def _with_indicator(claimed: ClaimedTurn) -> ClaimedTurn:
    """Claim the typing indicator of a turn whose row was there before."""
    shows = claim_typing_indicator(
        claimed.turn, claimed.conversation, claimed.messages[-1]
    )
    return replace(claimed, shows_typing=shows)


def _correlation_of(message: Message) -> UUID:
    """Return the id of the webhook, which the turn and its reply keep."""
    return message.event.correlation_id if message.event else uuid.uuid4()


def _first_part(waiting: Sequence[Message]) -> list[Message]:
    """Return the messages of one turn: a pressed confirm button is a turn of its own."""
    if is_press(waiting[0]):
        return [waiting[0]]
    for place, message in enumerate(waiting):
        if is_press(message):
            return list(waiting[:place])
    return list(waiting)


def why_silent(conversation: Conversation) -> str:
    """Return why the customer may not be answered now; "" when they may."""
    if not is_served(conversation.profile):
        return FEATURE_DISABLED
    if not conversation.profile.is_active:
        return "inactive"
    return PAUSED if conversation.is_paused(timezone.now()) else ""


def unanswered_state(reason: str) -> Message.State:
    """Return the state of messages that the agent does not answer."""
    is_kept = reason in {PAUSED, QUEUED}
    return Message.State.HANDED if is_kept else Message.State.UNANSWERED


def _has_spent_the_day(conversation: Conversation, waiting: Sequence[Message]) -> bool:
    """Tell whether a model may not be asked; a button and a handoff cost nothing."""
    if is_press(waiting[0]) or not budgets.is_over_day(conversation):
        return False
    # Last, because it takes longer than the sum.
    return not any(asks_for_person(message.text) for message in waiting)


def _claimed_turn(
    lease: Lease,
    turn: Turn,
    conversation: Conversation,
    messages: Sequence[Message],
) -> ClaimedTurn:
    numbered, codes = renumber_codes(
        (message.text, message.codes_sealed) for message in messages
    )
    pairs = list(zip(messages, numbered, strict=True))
    texts = tuple(text for message, text in pairs if has_words(message))
    # Mostly known since they arrived; several short messages may be clear together.
    if note_language(conversation, [t for m, t in pairs if shows_language(m)]):
        prepared_rows.update(conversation, ["language"])
    return ClaimedTurn(
        lease=lease,
        turn=turn,
        conversation=conversation,
        messages=tuple(messages),
        exposure=exposure_of(str(conversation.profile.public_id)),
        language=language_of(conversation),
        history=history.before(conversation=conversation, now=timezone.now()),
        present=tuple(history.present(messages, numbered)),
        own_text=tuple(text for message, text in pairs if is_own_text(message)),
        texts=texts,
        transcript="\n".join(text for message, text in pairs if message.is_spoken),
        codes=codes,
        content=in_force.of_turn(turn, conversation.profile),
    )


def _leave_unanswered(
    turn: Turn, conversation: Conversation, waiting: Sequence[Message], reason: str
) -> None:
    if reason == budgets.OVER:
        budgets.notify_once(conversation)
    statements.execute(LEAVE, [str(unanswered_state(reason)), conversation.pk])
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
