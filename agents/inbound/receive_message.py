"""Store a message once, with its sender, conversation and state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agents.core.serving import may_create_customers, our_number
from agents.forwarding import queue as forwarding
from agents.forwarding.queue import ItemToForward
from agents.identity import consent
from agents.identity.resolution import add_shared_number, find_profile, resolve_sender
from agents.inbound import edits
from agents.inbound.deduplication import digests_of, record_if_new
from agents.inbound.media import record_media
from agents.inbound.redaction import redact_message
from agents.inbound.routing import WINDOW, Router
from agents.language.message_text import blank_button_id, blank_codes
from agents.models import Conversation, ForwardedItem, Message
from agents.turns import fixed_replies
from easymo import keys
from easymo.database import prepared_rows, statements
from easymo.database.prepared import Prepared, slot
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agents.models import WebhookEvent
    from agents.whatsapp.payload import Inbound
    from agents.whatsapp.senders import Sender
    from agents.whatsapp.user_updates import Preference
    from vouchers.models import Profile

logger = get_logger(__name__)

Reason = ForwardedItem.Reason
# A sender with more waiting messages is answered after all others.
BUSY_SENDER = 5
# Locks rows in the order of their ids, so that two workers cannot deadlock.
OPEN_REPLY_WINDOWS = """
UPDATE agents_conversation AS conversation
SET last_inbound_at = greatest(last_inbound_at, latest.sent_at),
    window_closes_at = greatest(window_closes_at, latest.sent_at + %s),
    language = coalesce(latest.language, conversation.language)
FROM (
    SELECT conversation.id, written.sent_at, written.language
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[])
        AS written (id, sent_at, language)
    JOIN agents_conversation AS conversation USING (id)
    ORDER BY conversation.id
    FOR NO KEY UPDATE OF conversation
) AS latest
WHERE conversation.id = latest.id
"""
CONVERSATION = Prepared(
    lambda: Conversation.objects.filter(
        profile_id=slot("profile"),
        channel=Conversation.Channel.WHATSAPP,
        phone_number_id=slot("number"),
    )
)


@dataclass
class MessageReceiver:
    """Receives the messages of one event; each sender is resolved once."""

    event: WebhookEvent
    # Conversation id -> the language that its messages changed to, in the whole batch.
    languages: dict[int, str] = field(default_factory=dict)
    router: Router = field(init=False)
    # Conversations with a message for the agent.
    to_answer: set[int] = field(default_factory=set)
    # Items that are not for the agent, in their order, and the lanes they wait in.
    to_forward: list[ItemToForward] = field(default_factory=list)
    lanes: set[bytes] = field(default_factory=set)
    # Webhooks that hold a part of a voucher code each.
    to_seal: set[int] = field(default_factory=set)
    _senders: dict[Sender, tuple[Profile | None, str]] = field(default_factory=dict)
    # Profiles that are created in this transaction.
    _new: set[int] = field(default_factory=set)
    _conversations: dict[int, Conversation] = field(default_factory=dict)
    # Whether an edit may have arrived before its message; read once.
    _has_edits: bool | None = None

    def __post_init__(self) -> None:
        self.router = Router(self.event, self.languages)

    @property
    def to_deliver(self) -> set[int]:
        return self.router.to_deliver

    def receive(self, item: Inbound) -> None:
        """Store the message, or forward it where it is not for the agent."""
        id_hmac = self._deduplicate(item)
        if id_hmac is None:
            return
        if item.is_group and may_create_customers():
            logger.info("ai.whatsapp.message.ignored", reason="group")
            return
        profile, refusal = self._profile_of(item.sender)
        if profile is None:
            logger.info("ai.whatsapp.webhook.disabled", reason=refusal)
            self._forward(item.path, Reason.UNKNOWN_SENDER)
            return
        if item.is_group:
            logger.info("ai.whatsapp.message.ignored", reason="group")
            if not self.router.is_served(profile):
                self._forward(item.path, Reason.FEATURE_OFF)
            return
        conversation = self._conversation_of(profile)
        if item.sender.username and conversation.username != item.sender.username:
            # Only shown to colleagues; it identifies no person.
            conversation.username = item.sender.username
            conversation.save(update_fields=["username"])
        message = self._new_message(item, conversation, id_hmac)
        number = item.content.proven_number
        if number and add_shared_number(profile, number, bsuid=item.sender.bsuid):
            message.detail["is_number_learned"] = True
        message.state = self.router.state_of(message, conversation, profile)
        prepared_rows.insert(message)
        self._handle_kind(item, message, conversation)
        if not self.router.is_served(profile):
            self._forward(item.path, Reason.FEATURE_OFF, conversation)
        if message.state == Message.State.WAITING:
            self.router.waiting[conversation.pk] += 1
            self.to_answer.add(conversation.pk)
            logger.info("ai.whatsapp.message.processing", message_id=message.pk)

    def record_preference(self, item: Preference) -> None:
        """Record the consent that a customer chose in WhatsApp's settings."""
        if item.phone_number_id != our_number():
            return
        profile = find_profile(number=item.number, bsuid=item.bsuid)
        if profile is None or profile.is_sandbox != self.event.is_synthetic:
            return
        cause = f"{profile.pk}/{item.wants}/{item.timestamp}".encode()
        consent.record_consent(
            profile=profile,
            kind=consent.Kind.START if item.wants else consent.Kind.STOP,
            source=consent.Source.PREFERENCES,
            cause=f"preference:{keys.digest('preference', cause).hex()}",
        )

    def clear_cache(self) -> None:
        """Drop what was read within a savepoint that was rolled back."""
        self._senders.clear()
        self._new.clear()
        self._conversations.clear()

    def _deduplicate(self, item: Inbound) -> bytes | None:
        """Return the HMAC of a new id of our number; None where nothing is left to do."""
        is_ours = item.phone_number_id == our_number()
        if not is_ours:
            logger.warning("ai.whatsapp.message.ignored", reason="unknown number id")
            if not forwarding.is_set_up():
                return None
        id_hmac = record_if_new(item.provider_id)
        if id_hmac is None:
            logger.info("ai.whatsapp.message.duplicate", path=item.path)
        elif not is_ours:
            self._forward(item.path, Reason.UNKNOWN_NUMBER)
            return None
        elif item.is_own:
            logger.info("ai.whatsapp.message.ignored", reason="own number")
            return None
        return id_hmac

    def _forward(
        self,
        path: str,
        reason: ForwardedItem.Reason,
        conversation: Conversation | None = None,
    ) -> None:
        """Forward the item, after the earlier messages that still wait here."""
        self.to_forward.append(ItemToForward(path, reason))
        if conversation is None or not forwarding.is_set_up():
            return
        waiting = conversation.messages.filter(state=Message.State.WAITING)
        earlier = list(waiting)
        if earlier:
            waiting.update(state=Message.State.UNANSWERED, codes_sealed=None)
            self.lanes |= forwarding.enqueue_messages(earlier)

    def _profile_of(self, sender: Sender) -> tuple[Profile | None, str]:
        if sender not in self._senders:
            person = resolve_sender(sender, is_synthetic=self.event.is_synthetic)
            if person.profile is not None and person.is_new:
                self._new.add(person.profile.pk)
                self.router.add_new_profile(person.profile)
            self._senders[sender] = (
                person.profile,
                "sandbox" if person.refusal == "sandbox" else "feature disabled",
            )
        return self._senders[sender]

    def _conversation_of(self, profile: Profile) -> Conversation:
        found = self._conversations.get(profile.pk)
        if found is None:
            found = self._conversations[profile.pk] = self._open_conversation(profile)
            found.language = self.languages.get(found.pk, found.language)
        return found

    def _open_conversation(self, profile: Profile) -> Conversation:
        identity = {
            "profile": profile,
            "channel": Conversation.Channel.WHATSAPP,
            "phone_number_id": our_number(),
        }
        defaults = {"is_synthetic": self.event.is_synthetic}
        if profile.pk not in self._new:
            known = CONVERSATION.first(profile=profile.pk, number=our_number())
            if known is None:
                return Conversation.objects.get_or_create(
                    **identity, defaults=defaults
                )[0]
            known.profile = profile
            return known
        # No other transaction sees the profile before we commit.
        made = Conversation(**identity, **defaults)
        prepared_rows.insert(made)
        self.router.waiting[made.pk] = 0
        return made

    def _new_message(
        self, item: Inbound, conversation: Conversation, id_hmac: bytes
    ) -> Message:
        received_at = self.event.received_at
        sent_at = received_at
        if item.timestamp is not None:
            # Never later than our clock: Meta's timestamp is for the order only.
            sent_at = min(datetime.fromtimestamp(item.timestamp, UTC), received_at)
        message = Message(
            conversation=conversation,
            provider_id_hmac=id_hmac,
            provider_id=item.provider_id if len(item.provider_id) <= 256 else "",
            event=self.event,
            kind=item.kind,
            button_id=blank_button_id(item.button_id),
            detail=blank_codes(item.content.detail),
            error_code=item.content.error_code,
            about_hmac=next(iter(digests_of(item.content.about)), None),
            sent_at=sent_at,
        )
        self.to_seal |= redact_message(message, item.text)
        return message

    def _handle_kind(
        self, item: Inbound, message: Message, conversation: Conversation
    ) -> None:
        """Apply edits, record media, and send a notice where no turn answers."""
        about = digests_of(item.content.about)
        notice = fixed_replies.notice_for(message)
        if message.kind in edits.KINDS and about:
            was_read = edits.apply_to_original(
                kind=message.kind,
                text=item.text,
                about=about,
                conversation=conversation,
            )
            self._has_edits = True
            is_edit = message.kind == edits.EDIT
            notice = "kind.edited" if was_read and is_edit else ""
        elif message.state == Message.State.WAITING:
            if self._has_edits is None:
                self._has_edits = edits.has_recent_edits()
            if self._has_edits:
                edits.apply_earlier_edits(message, digests_of(item.provider_id))
            record_media(message, item.media)
        elif message.state == Message.State.HANDED:
            # The agent has to know it when it takes over again.
            record_media(message, item.media)
        if notice and self._may_send_notice(conversation.profile):
            cause = message.provider_id_hmac.hex()[:32]
            if fixed_replies.send_notice(
                conversation=conversation, key=notice, cause=cause
            ):
                self.to_deliver.add(conversation.pk)

    def _may_send_notice(self, profile: Profile) -> bool:
        return self.router.is_served(profile) and not self.router.is_silenced(profile)


def open_reply_windows(receivers: Iterable[MessageReceiver]) -> None:
    """Allow free text for a day after each customer's last message; store its language.

    An older message does not shorten the window.
    """
    languages: dict[int, str] = {}
    written_at: dict[int, datetime] = {}
    for receiver in receivers:
        languages |= receiver.languages
        for pk, sent_at in receiver.router.written_at.items():
            written_at[pk] = max(sent_at, written_at.get(pk, sent_at))
    if written_at:
        written_in = [languages.get(pk) for pk in written_at]
        times = list(written_at.values())
        values: list[Any] = [WINDOW, list(written_at), times, written_in]
        statements.execute(OPEN_REPLY_WINDOWS, values)
