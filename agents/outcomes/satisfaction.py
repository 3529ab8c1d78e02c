"""Ask after a conversation whether the agent helped; two buttons answer.

A customer is asked at most once in seven days, and only where `_may_ask` allows it. The
press of a button is stored with the observation and is no turn; the first press counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from agents.core.jobs import enqueue_delivery
from agents.core.serving import may_answer
from agents.identity.blocks import is_blocked
from agents.language.choice import language_of
from agents.language.texts import render
from agents.models import Message
from agents.outbound import outbox
from easymo import keys
from easymo.observability.logs import get_logger
from rollout.evidence import observations
from rollout.models import Observation

if TYPE_CHECKING:
    from agents.models import Conversation

logger = get_logger(__name__)

INTERVAL = timedelta(days=7)
# The customer has forgotten what an older conversation was about.
MAX_AGE = timedelta(hours=1)
# A window that closes within this time may be closed when the message is sent.
WINDOW_MARGIN = timedelta(minutes=15)
# "told:" marks an unrequested message: STOP cancels it even after it was queued.
CAUSE = "told:satisfaction"
RATE = "rate:"
YES, NO = "yes", "no"
PURPOSE = "observation"


def ask(conversation: Conversation, observation: Observation, *, now: datetime) -> bool:
    """Ask where that is allowed. The caller holds the conversation's lock."""
    if not _may_ask(conversation, observation, now):
        return False
    conversation.satisfaction_asked_at = now
    conversation.save(update_fields=["satisfaction_asked_at"])
    language = language_of(conversation)
    outbox.enqueue(
        conversation=conversation,
        cause=f"{CAUSE}:{observation.pk}",
        body=render("satisfaction.ask", language),
        buttons=[
            (f"{RATE}{observation.pk}:{YES}", render("button.satisfied", language)),
            (f"{RATE}{observation.pk}:{NO}", render("button.dissatisfied", language)),
        ],
    )
    enqueue_delivery(conversation_id=conversation.pk)
    logger.info(
        "ai.satisfaction.asked",
        conversation_id=conversation.pk,
        observation_id=observation.pk,
    )
    return True


def is_answer(message: Message) -> bool:
    return message.button_id.startswith(RATE)


def take_answer(message: Message, conversation: Conversation) -> bool:
    """Store the answer and thank; return whether there is something to send."""
    number, _, answer = message.button_id.removeprefix(RATE).partition(":")
    if not number.isascii() or not number.isdigit() or answer not in {YES, NO}:
        return False
    known = Observation.objects.filter(pk=min(int(number), 2**62))
    own = keys.digests(PURPOSE, bytes(conversation.public_id.bytes))
    # A customer rates only their own conversation.
    if not known.filter(conversation_key__in=[key.hex() for _, key in own]).exists():
        logger.warning("ai.satisfaction.strange", conversation_id=conversation.pk)
        return False
    # Locks the hour's sum until the event is processed, while `recording` may hold a
    # conversation and wait for the sum. Accepted: PostgreSQL ends one of the two, and
    # both are tried again.
    if not observations.record_satisfaction(int(number), satisfied=answer == YES):
        return False
    outbox.enqueue(
        conversation=conversation,
        cause=f"satisfaction:{number}:thanks",
        body=render(
            "satisfaction.thanks" if answer == YES else "satisfaction.sorry",
            language_of(conversation),
        ),
    )
    return True


def _may_ask(
    conversation: Conversation, observation: Observation, now: datetime
) -> bool:
    closes_at = conversation.window_closes_at
    asked_at = conversation.satisfaction_asked_at
    profile = conversation.profile
    return (
        # Sandbox people are asked only where a user plays them in the simulator.
        (settings.DEMONSTRATION or not observation.is_synthetic)
        and now - observation.finished_at < MAX_AGE
        and (asked_at is None or now - asked_at >= INTERVAL)
        and closes_at is not None
        and closes_at - WINDOW_MARGIN > now
        and conversation.stopped_at is None
        and not conversation.is_paused(now)
        and profile.erased_at is None
        and may_answer(profile)
        and not is_blocked(profile)
        and not profile.hand_offs.filter(closed_at__isnull=True).exists()
        and not conversation.messages.filter(state=Message.State.WAITING).exists()
    )
