"""What a person reads who waits for a colleague: that they are in the queue, not a greeting.

They are told once an hour at most. Between two notices a greeting or a call for the
colleague gets no answer: it is kept for the colleague. Requests are answered as always.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agents.content import opening
from agents.core.handoffs import waits_for_colleague
from agents.language.texts import render
from agents.offline.grammar import Intent, asks_for_person, understand
from agents.turns.claim import QUEUED
from agents.turns.reply import Draft

if TYPE_CHECKING:
    from agents.models import Conversation
    from agents.turns.claim import ClaimedTurn

NOTICE_INTERVAL = timedelta(hours=1)
# Small talk and calls for the colleague, whichever model answers.
SMALL_TALK = frozenset({Intent.GREET, Intent.THANKS, Intent.BYE, Intent.PERSON})


def draft_for_waiting(
    claimed: ClaimedTurn, *, is_offline: bool, now: datetime
) -> Draft | None:
    """Return the answer to a person who waits; None when it is not for the colleague."""
    if not _is_for_colleague(claimed, is_offline=is_offline):
        return None
    if not waits_for_colleague(claimed.profile):
        return None
    text = opening.with_notice(
        render("colleague.queue", claimed.language),
        claimed.content,
        claimed.language,
        now,
    )
    return Draft(text, QUEUED)


def take_notice(conversation: Conversation, now: datetime) -> bool:
    """Record the notice; return False within an hour of the last one.

    The caller holds the conversation.
    """
    last: datetime | None = conversation.queue_notice_at
    if last is not None and now - last < NOTICE_INTERVAL:
        return False
    conversation.queue_notice_at = now
    conversation.save(update_fields=["queue_notice_at"])
    return True


def _is_for_colleague(claimed: ClaimedTurn, *, is_offline: bool) -> bool:
    if not claimed.has_text:
        return True
    if any(map(asks_for_person, claimed.texts)):
        return True
    read = understand("\n".join(claimed.texts))
    if read.intent in SMALL_TALK:
        return True
    # A model can answer what the grammar does not understand; the answer to a question
    # of the offline model is a request.
    is_open = bool(claimed.conversation.memory) or read.slots.has_any
    return is_offline and read.intent is Intent.UNCLEAR and not is_open
