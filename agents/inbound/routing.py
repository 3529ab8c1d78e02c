"""Decide whether the agent answers a message, and if not, why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.core.handoffs import open_handoff
from agents.core.serving import is_served
from agents.forwarding import queue as forwarding
from agents.identity import consent
from agents.identity.blocks import is_blocked
from agents.identity.consent import parse_consent_command
from agents.language import texts
from agents.language.choice import (
    language_of,
    note_language,
    set_language,
    shows_language,
)
from agents.models import HandOff, Message, PendingAction
from agents.outbound import outbox
from agents.outcomes import satisfaction
from agents.whatsapp.contents import OPENS_WINDOW, SILENT_KINDS
from easymo.database import statements
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.models import Conversation, WebhookEvent
    from vouchers.models import Profile

logger = get_logger(__name__)

State = Message.State
WINDOW = timedelta(hours=24)
MAX_WAITING = 30
FLOOD_NOTICE_INTERVAL = timedelta(hours=1)
# Typed text, or a template's button with such a text on it.
CONSENT_KINDS = frozenset({"text", "button"})
COUNT_WAITING = """
SELECT count(*) FROM agents_message WHERE conversation_id = %s AND state = 'waiting'
"""


@dataclass
class Router:
    """What is known of the customers of one event; each fact is read once."""

    event: WebhookEvent
    # Conversation id -> the language that its messages changed to, in the whole batch.
    languages: dict[int, str] = field(default_factory=dict)
    # Conversation id -> how many of its messages wait.
    waiting: dict[int, int] = field(default_factory=dict)
    # Conversations with something to send.
    to_deliver: set[int] = field(default_factory=set)
    # Conversation id -> when its customer last wrote.
    written_at: dict[int, datetime] = field(default_factory=dict)
    _served: dict[int, bool] = field(default_factory=dict)
    _silenced: dict[int, bool] = field(default_factory=dict)

    def state_of(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        """Decide the state of a new message; only a waiting one keeps its codes."""
        state = self._route(message, conversation, profile)
        if state != State.WAITING:
            message.codes_sealed = None
        return state

    def is_served(self, profile: Profile) -> bool:
        """Tell whether CHAT is on for this customer."""
        if profile.pk not in self._served:
            self._served[profile.pk] = is_served(profile)
        return self._served[profile.pk]

    def add_new_profile(self, profile: Profile) -> None:
        """Skip the queries about a profile that was just created."""
        self._silenced[profile.pk] = False

    def is_silenced(self, profile: Profile) -> bool:
        """Tell whether a colleague blocked or deactivated the profile."""
        if profile.pk not in self._silenced:
            self._silenced[profile.pk] = not profile.is_active or is_blocked(profile)
        return self._silenced[profile.pk]

    def _route(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        is_late = self.event.received_at - message.sent_at > WINDOW
        if message.kind in SILENT_KINDS and message.kind not in OPENS_WINDOW:
            return State.SILENT
        if not is_late:
            latest = self.written_at.get(conversation.pk, message.sent_at)
            self.written_at[conversation.pk] = max(latest, message.sent_at)
            self._note_language(message, conversation)
        if message.kind in SILENT_KINDS:
            return State.SILENT
        refused = self._why_refused(profile, is_late=is_late)
        # STOP and START count whether or not we may answer them.
        is_consent = handle_consent_word(
            message=message,
            conversation=conversation,
            profile=profile,
            may_reply=refused is None,
        )
        if refused is not None:
            if refused == State.LATE:
                open_handoff(
                    kind=HandOff.Kind.LATE,
                    profile=profile,
                    conversation=conversation,
                    reason="A message arrived over a day late and was not answered.",
                )
            return refused
        if is_consent:
            self.to_deliver.add(conversation.pk)
            return State.DONE
        if satisfaction.is_answer(message):
            if satisfaction.take_answer(message, conversation):
                self.to_deliver.add(conversation.pk)
            return State.DONE
        return self._state_in_turn(message, conversation)

    def _note_language(self, message: Message, conversation: Conversation) -> None:
        """Let the message decide on the language, before any text answers it."""
        if message.kind in SILENT_KINDS or not shows_language(message):
            return
        command = parse_consent_command(message.text)
        changed = (
            set_language(conversation, command.language)
            if command
            else note_language(conversation, [message.text])
        )
        if changed:
            self.languages[conversation.pk] = conversation.language

    def _why_refused(self, profile: Profile, *, is_late: bool) -> Message.State | None:
        """Return the state of a message that the agent may not answer."""
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

    def _state_in_turn(
        self, message: Message, conversation: Conversation
    ) -> Message.State:
        if conversation.is_paused(timezone.now()):
            logger.info("ai.whatsapp.message.ignored", reason="handed over")
            return State.HANDED
        if self._waiting_count(conversation) >= MAX_WAITING:
            self._send_flood_notice(conversation, message)
            return State.FLOODED
        return State.WAITING

    def _waiting_count(self, conversation: Conversation) -> int:
        if conversation.pk not in self.waiting:
            [(count,)] = statements.rows(COUNT_WAITING, [conversation.pk])
            self.waiting[conversation.pk] = count
        return self.waiting[conversation.pk]

    def _send_flood_notice(self, conversation: Conversation, message: Message) -> None:
        now = timezone.now()
        last = conversation.flood_notice_at
        if last is not None and now - last < FLOOD_NOTICE_INTERVAL:
            return
        conversation.flood_notice_at = now
        conversation.save(update_fields=["flood_notice_at"])
        outbox.enqueue(
            conversation=conversation,
            cause=f"flood:{message.provider_id_hmac.hex()[:32]}",
            body=texts.render("flood", language_of(conversation)),
        )
        self.to_deliver.add(conversation.pk)


def handle_consent_word(
    *, message: Message, conversation: Conversation, profile: Profile, may_reply: bool
) -> bool:
    """Record STOP or START; return whether the message is one and needs nothing more.

    Before any model, and whatever else waits.
    """
    word = (
        parse_consent_command(message.text) if message.kind in CONSENT_KINDS else None
    )
    if word is None or (word.may_be_no and _has_open_question(conversation)):
        return False
    kind = consent.Kind(word.word)
    if kind == consent.Kind.START and not consent.is_opted_out(profile):
        return False
    cause = bytes(message.provider_id_hmac).hex()
    changed = consent.record_consent(
        profile=profile,
        kind=kind,
        source=consent.Source.WORDS,
        cause=f"message:{cause}",
    )
    if changed and may_reply:
        outbox.enqueue(
            conversation=conversation,
            cause=f"consent:{cause}",
            body=texts.render(
                "consent.stopped" if kind == consent.Kind.STOP else "consent.started",
                language_of(conversation),
            ),
        )
    return True


def _has_open_question(conversation: Conversation) -> bool:
    """Tell whether the agent asked something that such a word may answer with no."""
    return (
        bool(conversation.memory)
        or conversation.pending_actions.filter(
            status=PendingAction.Status.WAITING, expires_at__gt=timezone.now()
        ).exists()
    )
