"""What a colleague does about a handoff: answer, pause the agent, resume it, close.

While the agent is paused it does not answer in that conversation. It resumes when a
colleague says so, or `PAUSE_DURATION` after a colleague's last action there. By then
the reply window has closed unless the customer wrote again, and a customer who writes
again must not wait for a colleague who is no longer there.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.errors import (
    HandOffError,
    OptedOut,
    PersonErased,
    TextRefused,
    WindowClosed,
)
from agents.core.handoffs import open_handoff, record_times
from agents.core.jobs import enqueue_delivery
from agents.core.locks import lock_conversation
from agents.handoff import canned
from agents.language.choice import language_of
from agents.language.texts import render
from agents.models import (
    ColleagueAct,
    Conversation,
    HandOff,
    Message,
    OutboundMessage,
)
from agents.outbound import outbox
from easymo.observability.logs import get_logger
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from agents.whatsapp.graph_client import Template

logger = get_logger(__name__)

Kind = ColleagueAct.Kind
PAUSE_DURATION = timedelta(hours=24)
# A window that closes within this time may be closed when the message is sent.
WINDOW_MARGIN = timedelta(seconds=90)
MAX_ANSWER_LENGTH = 3_000
BATCH_SIZE = 200
SYSTEM = "system"
# The cause of a colleague's answer.
ANSWER = "colleague:"
# Scripts and emoji need the joiners; other control characters are refused.
ALLOWED_CONTROLS = "\n\u200c\u200d"


def close(*, hand_off: HandOff, resolution: str, actor: str) -> bool:
    """Close a handoff; return False when it was closed already."""
    closed = HandOff.objects.filter(pk=hand_off.pk, closed_at__isnull=True).update(
        closed_at=timezone.now(), closed_by=actor, resolution=resolution
    )
    if closed:
        logger.info("ai.hand_off.closed", hand_off_id=hand_off.pk)
    return closed == 1


def answer(
    *, conversation: Conversation, text: str, reason: str, actor: str, key: str
) -> OutboundMessage:
    """Write to the customer as a colleague, and pause the agent; once for each key.

    Raises WindowClosed, OptedOut, PersonErased or TextRefused; nothing is then
    written.
    """
    checked = checked_text(text)
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        body = f"{render('colleague.writes', language_of(held))}\n{checked}"
        return send(held, body, reason=reason, actor=actor, key=key)


def send(
    held: Conversation,
    body: str,
    *,
    template: Template | None = None,
    reason: str,
    actor: str,
    key: str,
) -> OutboundMessage:
    """Queue a checked answer, once for each key; the caller holds the conversation.

    A template does not need the window. Raises WindowClosed, OptedOut or PersonErased.
    """
    cause = f"{ANSWER}{key}"
    if earlier := OutboundMessage.objects.filter(cause=cause).first():
        return earlier
    if refusal := why_unreachable(held, needs_window=template is None):
        raise refusal
    record_times(held, is_answer=True)
    message = outbox.enqueue(
        conversation=held, cause=cause, body=body, template=template, written_by=actor
    )
    _pause(held)
    _record(held, Kind.ANSWERED, actor, reason, message)
    enqueue_delivery(conversation_id=held.pk)
    logger.info("ai.hand_off.answered", conversation_id=held.pk, outbound_id=message.pk)
    return message


def pause(*, conversation: Conversation, reason: str, actor: str, key: str) -> bool:
    """Pause the agent; return False when it was paused already.

    A running turn drops its draft, unless it made a change: then its receipt is still
    sent. The customer is told that a colleague answers.
    """
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        if held.profile.erased_at is not None:
            raise PersonErased
        if held.is_paused(timezone.now()):
            return False
        record_times(held, is_answer=False)
        _pause(held)
        _record(held, Kind.PAUSED, actor, reason, _notify(held, "taken", key, actor))
    logger.info("ai.hand_off.paused", conversation_id=held.pk)
    return True


def resume(*, conversation: Conversation, reason: str, actor: str, key: str) -> bool:
    """Let the agent answer what is written from now on; False when it already did."""
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        if held.paused_at is None:
            return False
        _resume(held)
        message = _notify(held, "returned", key, actor)
        _record(held, Kind.RESUMED, actor, reason, message)
    logger.info("ai.hand_off.resumed", conversation_id=held.pk)
    return True


def resume_overdue(*, limit: int = BATCH_SIZE) -> int:
    """End the pauses whose time is over; the customer is not told."""
    overdue = list(
        Conversation.objects.filter(paused_until__lte=timezone.now())
        .order_by("paused_until")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(map(_resume_if_overdue, overdue))


def why_unreachable(
    conversation: Conversation, *, needs_window: bool = True
) -> HandOffError | None:
    """Return why the customer cannot be written to now; None when they can."""
    if conversation.profile.erased_at is not None:
        return PersonErased()
    if conversation.stopped_at is not None:
        return OptedOut()
    closes_at = conversation.window_closes_at
    if needs_window and (
        closes_at is None or closes_at - WINDOW_MARGIN <= timezone.now()
    ):
        return WindowClosed()
    return None


def _resume_if_overdue(conversation_id: int) -> int:
    with transaction.atomic():
        held = lock_conversation(conversation_id)
        # A colleague may have written meanwhile.
        if held.paused_until is None or held.paused_until > timezone.now():
            return 0
        if _has_unanswered(held):
            open_handoff(
                kind=HandOff.Kind.ASKED,
                profile=held.profile,
                conversation=held,
                reason="The pause was over before a colleague answered everything.",
            )
        _resume(held)
        _record(held, Kind.RESUMED, SYSTEM, "The pause was over.", None)
    logger.info("ai.hand_off.resumed", conversation_id=conversation_id, by=SYSTEM)
    return 1


def _has_unanswered(conversation: Conversation) -> bool:
    """Tell whether the customer wrote after the last answer or the beginning."""
    answers = OutboundMessage.objects.filter(
        conversation=conversation, cause__startswith=ANSWER
    )
    times = answers.order_by("-id").values_list("created_at", flat=True)
    since = max(filter(None, (conversation.paused_at, times.first())))
    return conversation.messages.filter(
        state=Message.State.HANDED, received_at__gt=since
    ).exists()


def _pause(conversation: Conversation) -> None:
    now = timezone.now()
    conversation.paused_at = conversation.paused_at or now
    conversation.paused_until = now + PAUSE_DURATION
    conversation.save(update_fields=["paused_at", "paused_until"])


def _resume(conversation: Conversation) -> None:
    conversation.paused_at = conversation.paused_until = None
    # A question that the agent asked before the pause is no longer open.
    conversation.memory = {}
    conversation.save(update_fields=["paused_at", "paused_until", "memory"])


def _notify(
    conversation: Conversation, event: str, key: str, actor: str
) -> OutboundMessage | None:
    """Tell the customer who answers from now on, where they can be reached."""
    if why_unreachable(conversation) is not None:
        return None
    message = outbox.enqueue(
        conversation=conversation,
        cause=f"{event}:{key}",
        body=render(f"colleague.{event}", language_of(conversation)),
        written_by=actor,
    )
    enqueue_delivery(conversation_id=conversation.pk)
    return message


def _record(
    conversation: Conversation,
    kind: ColleagueAct.Kind,
    actor: str,
    reason: str,
    outbound: OutboundMessage | None,
) -> None:
    ColleagueAct.objects.create(
        conversation=conversation,
        kind=kind,
        actor=actor,
        reason=reason,
        outbound=outbound,
    )


def checked_text(text: str) -> str:
    """Return a text that the customer may be sent; TextRefused says why not."""
    checked = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not checked:
        raise TextRefused("Write something: the answer is empty.")
    if len(checked) > MAX_ANSWER_LENGTH:
        raise TextRefused(f"An answer has at most {MAX_ANSWER_LENGTH:,} characters.")
    if any(
        letter not in ALLOWED_CONTROLS
        and unicodedata.category(letter) in {"Cc", "Cf", "Cs"}
        for letter in checked
    ):
        raise TextRefused("An answer has no control characters.")
    if blank_code_digits(checked) != checked:
        raise TextRefused(
            "An answer must not contain a voucher code: send a new code from the "
            "voucher's page."
        )
    if "{code:" in checked or "{pin_link:" in checked:
        raise TextRefused("An answer must not contain a placeholder for a code.")
    if left := canned.unfilled(checked):
        raise TextRefused(f"Replace {left} by the words that the customer reads.")
    return checked
