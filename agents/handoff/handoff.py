"""What waits for a person of ours, and what she does about it.

Whoever answers has the word: the agent keeps silent in that conversation until it is
given back, or until `PAUSE` after the last thing that a colleague did in it. By then
the window in which she may be answered has closed unless she wrote again, and whoever
writes then shall not wait for somebody who went home.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.core.code_redaction import blank_code_digits
from agents.core.errors import (
    HandOffError,
    OptedOut,
    PersonErased,
    TextRefused,
    WindowClosed,
)
from agents.core.jobs import enqueue_delivery
from agents.core.locks import lock_conversation
from agents.language.texts import render
from agents.models import ColleagueAct, Conversation, HandOff, OutboundMessage
from agents.outbound import outbox
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PAUSE",
    "answer",
    "close",
    "pause",
    "resume",
    "resume_overdue",
    "why_unreachable",
]
logger = get_logger(__name__)

Kind = ColleagueAct.Kind
PAUSE = timedelta(hours=24)
# What closes within this time may be closed when it is sent.
WINDOW_MARGIN = timedelta(seconds=90)
LONGEST_ANSWER = 3_000
MOST_OVERDUE = 200
SYSTEM = "system"


def close(*, hand_off: HandOff, resolution: str, actor: str) -> bool:
    """Take an entry off the list; return False when somebody else already had."""
    closed = HandOff.objects.filter(pk=hand_off.pk, closed_at__isnull=True).update(
        closed_at=timezone.now(), closed_by=actor, resolution=resolution
    )
    if closed:
        logger.info("ai.hand_off.closed", hand_off_id=hand_off.pk)
    return closed == 1


def answer(
    *, conversation: Conversation, text: str, reason: str, actor: str, key: str
) -> OutboundMessage:
    """Write to the person as one of us, and keep the agent silent; once for each key.

    Raises WindowClosed, PersonSaidStop, PersonForgotten or TextRefused; nothing is
    then written.
    """
    words = _clean(text)
    cause = f"colleague:{key}"
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        if earlier := OutboundMessage.objects.filter(cause=cause).first():
            return earlier
        if refusal := why_unreachable(held):
            raise refusal
        body = f"{render('colleague.writes', _language(held))}\n{words}"
        message = outbox.enqueue(
            conversation=held, cause=cause, body=body, written_by=actor
        )
        _hold(held)
        _note(held, Kind.ANSWERED, actor, reason, message)
        enqueue_delivery(conversation_id=held.pk)
    logger.info("ai.hand_off.answered", conversation_id=held.pk, outbound_id=message.pk)
    return message


def pause(*, conversation: Conversation, reason: str, actor: str, key: str) -> bool:
    """Take the word from the agent; return False when somebody already had.

    A turn that is running drops its draft, unless it has changed something: then its
    receipt is still sent. The person is told that one of us answers.
    """
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        if held.profile.erased_at is not None:
            raise PersonErased
        if held.is_paused(timezone.now()):
            return False
        _hold(held)
        _note(held, Kind.PAUSED, actor, reason, _tell(held, "taken", key, actor))
    logger.info("ai.hand_off.paused", conversation_id=held.pk)
    return True


def resume(*, conversation: Conversation, reason: str, actor: str, key: str) -> bool:
    """Give the word back to the agent, which answers what is written from now on.

    False when it had the word already.
    """
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        if held.paused_at is None:
            return False
        _release(held)
        _note(held, Kind.RESUMED, actor, reason, _tell(held, "returned", key, actor))
    logger.info("ai.hand_off.resumed", conversation_id=held.pk)
    return True


def resume_overdue(*, limit: int = MOST_OVERDUE) -> int:
    """End the pauses whose time is over; the person hears nothing of it."""
    overdue = list(
        Conversation.objects.filter(paused_until__lte=timezone.now())
        .order_by("paused_until")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(map(_resume_if_overdue, overdue))


def why_unreachable(
    conversation: Conversation, *, needs_window: bool = True
) -> HandOffError | None:
    """Say why nothing can be written to this person now; nothing, when it can."""
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
        _release(held)
        _note(held, Kind.RESUMED, SYSTEM, "The pause was over.", None)
    logger.info("ai.hand_off.resumed", conversation_id=conversation_id, by=SYSTEM)
    return 1


def _hold(conversation: Conversation) -> None:
    now: datetime = timezone.now()
    conversation.paused_at = conversation.paused_at or now
    conversation.paused_until = now + PAUSE
    conversation.save(update_fields=["paused_at", "paused_until"])


def _release(conversation: Conversation) -> None:
    conversation.paused_at = conversation.paused_until = None
    # What the agent asked before it was interrupted is no question any more.
    conversation.memory = {}
    conversation.save(update_fields=["paused_at", "paused_until", "memory"])


def _tell(
    conversation: Conversation, word: str, key: str, actor: str
) -> OutboundMessage | None:
    """Tell the person who answers her from now on, where she can be told."""
    if why_unreachable(conversation) is not None:
        return None
    message = outbox.enqueue(
        conversation=conversation,
        cause=f"{word}:{key}",
        body=render(f"colleague.{word}", _language(conversation)),
        written_by=actor,
    )
    enqueue_delivery(conversation_id=conversation.pk)
    return message


def _note(
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


def _language(conversation: Conversation) -> str:
    return conversation.profile.language or conversation.language


def _clean(text: str) -> str:
    words = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not words:
        raise TextRefused("Write something: the answer is empty.")
    if len(words) > LONGEST_ANSWER:
        raise TextRefused(f"An answer has at most {LONGEST_ANSWER:,} characters.")
    if any(_is_control(words)):
        raise TextRefused("An answer has no control characters.")
    if blank_code_digits(words) != words:
        raise TextRefused(
            "A voucher's code never stands in an answer: send a new code from the "
            "voucher's page."
        )
    if "{code:" in words:
        raise TextRefused("The answer has the form of a code's place in it.")
    return words


def _is_control(text: str) -> Iterable[bool]:
    # Joiners belong to scripts and emoji; marks that turn the text around do not.
    return (
        letter not in "\n\u200c\u200d"
        and unicodedata.category(letter) in {"Cc", "Cf", "Cs"}
        for letter in text
    )
