"""Whether a message that was taken in is for the agent, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from agents.core.handoffs import open_handoff
from agents.core.serving import is_served
from agents.forwarding import queue as forwarding
from agents.identity.blocks import is_blocked
from agents.inbound.consent_messages import take_word
from agents.language import texts
from agents.models import HandOff, Message
from agents.outbound import outbox
from agents.outcomes import satisfaction
from agents.whatsapp.contents import OPENS_WINDOW, SILENT_KINDS
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Conversation, WebhookEvent
    from vouchers.models import Profile

logger = get_logger(__name__)

State = Message.State
WINDOW = timedelta(hours=24)
MOST_WAITING = 30
FLOOD_NOTICE_EVERY = timedelta(hours=1)
COUNT_WAITING = """
SELECT count(*) FROM agents_message WHERE conversation_id = %s AND state = 'waiting'
"""


@dataclass
class Judge:
    """What is known of the people of one webhook; each is asked about once."""

    event: WebhookEvent
    # Conversation id -> how many of its messages wait.
    waiting: dict[int, int] = field(default_factory=dict)
    # Conversations with something to send.
    to_deliver: set[int] = field(default_factory=set)
    # Conversation id -> when its person last wrote.
    written: dict[int, datetime] = field(default_factory=dict)
    _served: dict[int, bool] = field(default_factory=dict)
    _silenced: dict[int, bool] = field(default_factory=dict)

    def state_of(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        """Decide whether it is for the agent; what is not keeps no code."""
        state = self._judge(message, conversation, profile)
        if state != State.WAITING:
            message.codes_sealed = None
        return state

    def is_served(self, profile: Profile) -> bool:
        """Tell whether CHAT is on for this person."""
        if profile.pk not in self._served:
            self._served[profile.pk] = is_served(profile)
        return self._served[profile.pk]

    def note_new(self, profile: Profile) -> None:
        """Spare the questions about somebody who was made this moment."""
        self._silenced[profile.pk] = False

    def is_silenced(self, profile: Profile) -> bool:
        """Tell whether a person of ours decided that she gets no answer."""
        if profile.pk not in self._silenced:
            self._silenced[profile.pk] = not profile.is_active or is_blocked(profile)
        return self._silenced[profile.pk]

    def _judge(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        is_late = self.event.received_at - message.sent_at > WINDOW
        if message.kind in SILENT_KINDS and message.kind not in OPENS_WINDOW:
            return State.SILENT
        if not is_late:
            latest = self.written.get(conversation.pk, message.sent_at)
            self.written[conversation.pk] = max(latest, message.sent_at)
        if message.kind in SILENT_KINDS:
            return State.SILENT
        refused = self._refused(profile, is_late=is_late)
        # Her word counts, whether or not we may answer it.
        is_word = take_word(
            message=message,
            conversation=conversation,
            profile=profile,
            may_reply=refused is None,
        )
        if refused is not None:
            if refused == State.LATE:
                self._keep_for_a_person(conversation, profile)
            return refused
        if is_word:
            self.to_deliver.add(conversation.pk)
            return State.DONE
        if satisfaction.is_answer(message):
            if satisfaction.take_answer(message, conversation):
                self.to_deliver.add(conversation.pk)
            return State.DONE
        return self._in_turn(message, conversation)

    def _refused(self, profile: Profile, *, is_late: bool) -> Message.State | None:
        """Return the state of what the agent may not answer."""
        served = self.is_served(profile)
        if is_late and (served or not forwarding.is_set_up()):
            return State.LATE
        if not served:
            logger.info("ai.whatsapp.webhook.disabled", reason="feature disabled")
            return State.UNANSWERED
        if self.is_silenced(profile):
            logger.info("ai.whatsapp.message.ignored", reason="blocked")
            return State.BLOCKED
        return None

    def _in_turn(self, message: Message, conversation: Conversation) -> Message.State:
        if conversation.is_paused(timezone.now()):
            logger.info("ai.whatsapp.message.ignored", reason="handed over")
            return State.HANDED
        if self._count_waiting(conversation) >= MOST_WAITING:
            self._notice_flood(conversation, message)
            return State.FLOODED
        return State.WAITING

    def _keep_for_a_person(self, conversation: Conversation, profile: Profile) -> None:
        open_handoff(
            kind=HandOff.Kind.LATE,
            profile=profile,
            conversation=conversation,
            reason="A message arrived more than a day late and was not answered.",
        )

    def _count_waiting(self, conversation: Conversation) -> int:
        if conversation.pk not in self.waiting:
            with connection.cursor() as cursor:
                cursor.execute(COUNT_WAITING, [conversation.pk])
                self.waiting[conversation.pk] = cursor.fetchone()[0]
        return self.waiting[conversation.pk]

    def _notice_flood(self, conversation: Conversation, message: Message) -> None:
        now = timezone.now()
        last = conversation.flood_notice_at
        if last is not None and now - last < FLOOD_NOTICE_EVERY:
            return
        conversation.flood_notice_at = now
        conversation.save(update_fields=["flood_notice_at"])
        language = conversation.language or conversation.profile.language
        outbox.enqueue(
            conversation=conversation,
            cause=f"flood:{message.provider_id_hmac.hex()[:32]}",
            body=texts.render("flood", language),
        )
        self.to_deliver.add(conversation.pk)
