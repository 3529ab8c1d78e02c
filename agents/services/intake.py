"""One message of one person, taken in: once, for ever, and for whom it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from agents.channels.whatsapp.contents import SILENT_KINDS
from agents.code_places import take_out
from agents.models import Conversation, HandOff, Message
from agents.runtime import texts
from agents.services import outbox
from agents.services.answering import may_answer
from agents.services.handoff import open_hand_off
from agents.services.identity import identify
from easymo import keys
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from agents.channels.whatsapp.payload import Inbound, Sender
    from agents.models import WebhookEvent
    from vouchers.models import Profile

logger = get_logger(__name__)

MESSAGE_ID = "message-id"
WINDOW = timedelta(hours=24)
MOST_WAITING = 30
# From here on a sender's turns give way to everybody else's.
BUSY = 5
FLOOD_NOTICE_EVERY = timedelta(hours=1)
# Where no number is set up, only our own marked webhooks name one.
DEMONSTRATION_NUMBER = "sandbox"

SEEN = """
INSERT INTO agents_seenmessage (id_hmac, seen_at) VALUES (%s, now())
ON CONFLICT DO NOTHING
"""


def our_number() -> str:
    """Return the id of the business number that the agent answers for."""
    return settings.WA_PHONE_ID or DEMONSTRATION_NUMBER


@dataclass
class Intake:
    """What one webhook's messages share; people are looked up once."""

    event: WebhookEvent
    # Conversation id -> how many of its messages wait.
    waiting: dict[int, int] = field(default_factory=dict)
    # Conversations with something to answer, and with something to send.
    to_wake: set[int] = field(default_factory=set)
    to_deliver: set[int] = field(default_factory=set)
    # Conversation id -> when its person last wrote.
    _written: dict[int, datetime] = field(default_factory=dict)
    _answered: dict[int, bool] = field(default_factory=dict)
    _people: dict[Sender, tuple[Profile | None, str]] = field(default_factory=dict)
    _conversations: dict[int, Conversation] = field(default_factory=dict)

    def take_in(self, item: Inbound) -> None:
        """Store the message where it belongs; note whose turn it wakes."""
        if item.phone_number_id != our_number():
            logger.warning("ai.whatsapp.message.ignored", reason="unknown number id")
            return
        id_hmac = see(item.provider_id)
        if id_hmac is None:
            logger.info("ai.whatsapp.message.duplicate", path=item.path)
            return
        if item.is_group:
            logger.info("ai.whatsapp.message.ignored", reason="group")
            return
        profile, refusal = self._person(item.sender)
        if profile is None:
            logger.info("ai.whatsapp.webhook.disabled", reason=refusal)
            return
        conversation = self._conversation(profile)
        message = self._new_message(item, conversation, id_hmac)
        message.state = self._state(message, conversation, profile)
        message.save()
        self._wake(message, conversation)

    def open_windows(self) -> None:
        """Let free text be sent for a day after each person's last message."""
        for conversation_id, sent_at in sorted(self._written.items()):
            open_window(conversation_id, sent_at)

    def forget(self) -> None:
        """Drop what was looked up within a savepoint that is gone."""
        self._people.clear()
        self._conversations.clear()

    def _person(self, sender: Sender) -> tuple[Profile | None, str]:
        if sender not in self._people:
            person = identify(sender, is_synthetic=self.event.is_synthetic)
            self._people[sender] = (
                person.profile,
                "sandbox" if person.refusal == "sandbox" else "feature disabled",
            )
        return self._people[sender]

    def _conversation(self, profile: Profile) -> Conversation:
        found = self._conversations.get(profile.pk)
        if found is None:
            found, _ = Conversation.objects.get_or_create(
                profile=profile,
                channel=Conversation.Channel.WHATSAPP,
                phone_number_id=our_number(),
                defaults={"is_synthetic": self.event.is_synthetic},
            )
            self._conversations[profile.pk] = found
        return found

    def _new_message(
        self, item: Inbound, conversation: Conversation, id_hmac: bytes
    ) -> Message:
        text, codes = take_out(item.text)
        received_at = self.event.received_at
        sent_at = received_at
        if item.timestamp is not None:
            # Never later than our clock: theirs orders, it does not foretell.
            sent_at = min(datetime.fromtimestamp(item.timestamp, UTC), received_at)
        return Message(
            conversation=conversation,
            provider_id_hmac=id_hmac,
            provider_id=item.provider_id if len(item.provider_id) <= 256 else "",
            event=self.event,
            kind=item.kind,
            text=text,
            codes_sealed=codes,
            button_id=item.button_id,
            sent_at=sent_at,
        )

    def _state(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        """Decide whether it is for the agent; what is not keeps no code."""
        state = self._judge(message, conversation, profile)
        if state != Message.State.WAITING:
            message.codes_sealed = None
        return state

    def _judge(
        self, message: Message, conversation: Conversation, profile: Profile
    ) -> Message.State:
        if message.kind in SILENT_KINDS:
            return Message.State.SILENT
        if self.event.received_at - message.sent_at > WINDOW:
            open_hand_off(
                kind=HandOff.Kind.LATE,
                profile=profile,
                conversation=conversation,
                reason="A message arrived more than a day late and was not answered.",
            )
            return Message.State.LATE
        latest = self._written.get(conversation.pk, message.sent_at)
        self._written[conversation.pk] = max(latest, message.sent_at)
        if profile.pk not in self._answered:
            self._answered[profile.pk] = may_answer(profile)
        if not self._answered[profile.pk]:
            logger.info("ai.whatsapp.webhook.disabled", reason="feature disabled")
            return Message.State.UNANSWERED
        if conversation.paused_at is not None:
            logger.info("ai.whatsapp.message.ignored", reason="handed over")
            return Message.State.UNANSWERED
        if self._count_waiting(conversation) >= MOST_WAITING:
            self._notice_flood(conversation, message)
            return Message.State.FLOODED
        return Message.State.WAITING

    def _count_waiting(self, conversation: Conversation) -> int:
        if conversation.pk not in self.waiting:
            self.waiting[conversation.pk] = conversation.messages.filter(
                state=Message.State.WAITING
            ).count()
        return self.waiting[conversation.pk]

    def _notice_flood(self, conversation: Conversation, message: Message) -> None:
        now = timezone.now()
        last = conversation.flood_notice_at
        if last is not None and now - last < FLOOD_NOTICE_EVERY:
            return
        conversation.flood_notice_at = now
        conversation.save(update_fields=["flood_notice_at"])
        language = conversation.profile.language or conversation.language
        outbox.enqueue(
            conversation=conversation,
            cause=f"flood:{message.provider_id_hmac.hex()[:32]}",
            body=texts.render("flood", language),
        )
        self.to_deliver.add(conversation.pk)

    def _wake(self, message: Message, conversation: Conversation) -> None:
        if message.state != Message.State.WAITING:
            return
        self.waiting[conversation.pk] += 1
        self.to_wake.add(conversation.pk)
        logger.info("ai.whatsapp.message.processing", message_id=message.pk)


def see(provider_id: str) -> bytes | None:
    """Note a provider's id as handled; return its HMAC, or None when it was before.

    While keys are exchanged, an id may have been noted under an older one.
    """
    digests = [value for _, value in keys.digests(MESSAGE_ID, provider_id.encode())]
    with connection.cursor() as cursor:
        if len(digests) > 1:
            cursor.execute(
                "SELECT 1 FROM agents_seenmessage WHERE id_hmac = ANY(%s)",
                [digests[1:]],
            )
            if cursor.fetchone():
                return None
        cursor.execute(SEEN, [digests[0]])
        return digests[0] if cursor.rowcount else None


def open_window(conversation_id: int, sent_at: datetime) -> None:
    """Note when a person last wrote; an older message takes nothing back."""
    Conversation.objects.filter(pk=conversation_id).update(
        last_inbound_at=Greatest(Coalesce(F("last_inbound_at"), sent_at), sent_at),
        window_closes_at=Greatest(
            Coalesce(F("window_closes_at"), sent_at), sent_at + WINDOW
        ),
    )
