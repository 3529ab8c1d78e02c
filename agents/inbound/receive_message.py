"""One message of one person, taken in: once, for ever, and for whom it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from agents.core.code_redaction import redact_codes
from agents.core.serving import may_create_customers, our_number
from agents.forwarding import queue as forwarding
from agents.forwarding.queue import ItemToForward
from agents.identity import consent
from agents.identity.resolution import add_shared_number, find_profile, resolve_sender
from agents.inbound import edits
from agents.inbound.deduplication import digests_of, see
from agents.inbound.media import expect
from agents.inbound.routing import WINDOW, Judge
from agents.language.message_text import blank_codes
from agents.models import Conversation, ForwardedItem, Message
from agents.turns import hints
from easymo import keys
from easymo.database import prepared_rows
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
# From here on a sender's turns give way to everybody else's.
BUSY = 5
# Locked in one order everywhere: two workers then wait for each other, never in a circle.
OPEN_WINDOWS = """
UPDATE agents_conversation AS conversation
SET last_inbound_at = greatest(last_inbound_at, heard.sent_at),
    window_closes_at = greatest(window_closes_at, heard.sent_at + %s)
FROM (
    SELECT conversation.id, written.sent_at
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS written (id, sent_at)
    JOIN agents_conversation AS conversation USING (id)
    ORDER BY conversation.id
    FOR NO KEY UPDATE OF conversation
) AS heard
WHERE conversation.id = heard.id
"""
KNOWN = Prepared(
    lambda: Conversation.objects.filter(
        profile_id=slot("profile"),
        channel=Conversation.Channel.WHATSAPP,
        phone_number_id=slot("number"),
    )
)


@dataclass
class Intake:
    """What one webhook's messages share; people are looked up once."""

    event: WebhookEvent
    judge: Judge = field(init=False)
    # Conversations with something to answer.
    to_wake: set[int] = field(default_factory=set)
    # What is not for the agent, in its order, and the lanes it waits in.
    to_forward: list[ItemToForward] = field(default_factory=list)
    lanes: set[bytes] = field(default_factory=set)
    _people: dict[Sender, tuple[Profile | None, str]] = field(default_factory=dict)
    # Those of them who are made in this transaction.
    _new: set[int] = field(default_factory=set)
    _conversations: dict[int, Conversation] = field(default_factory=dict)
    # Whether a correction may be here before what it corrects; asked once.
    _may_be_overtaken: bool | None = None

    def __post_init__(self) -> None:
        """Judge what comes with this webhook."""
        self.judge = Judge(self.event)

    @property
    def waiting(self) -> dict[int, int]:
        return self.judge.waiting

    @property
    def to_deliver(self) -> set[int]:
        return self.judge.to_deliver

    def take_in(self, item: Inbound) -> None:
        """Store the message where it belongs; note whose turn it wakes."""
        is_ours = item.phone_number_id == our_number()
        if not is_ours:
            logger.warning("ai.whatsapp.message.ignored", reason="unknown number id")
            if not forwarding.is_set_up():
                return
        id_hmac = see(item.provider_id)
        if id_hmac is None:
            logger.info("ai.whatsapp.message.duplicate", path=item.path)
            return
        if not is_ours:
            self._pass_on(item.path, Reason.UNKNOWN_NUMBER)
            return
        if item.is_group and may_create_customers():
            logger.info("ai.whatsapp.message.ignored", reason="group")
            return
        profile, refusal = self._person(item.sender)
        if profile is None:
            logger.info("ai.whatsapp.webhook.disabled", reason=refusal)
            self._pass_on(item.path, Reason.UNKNOWN_SENDER)
            return
        if item.is_group:
            logger.info("ai.whatsapp.message.ignored", reason="group")
            if not self.judge.is_served(profile):
                self._pass_on(item.path, Reason.FEATURE_OFF)
            return
        conversation = self._conversation(profile)
        note_username(conversation, item.sender.username)
        message = self._new_message(item, conversation, id_hmac)
        self._learn(item, message, profile)
        message.state = self.judge.state_of(message, conversation, profile)
        prepared_rows.insert(message)
        self._follow_up(item, message, conversation)
        if not self.judge.is_served(profile):
            self._pass_on(item.path, Reason.FEATURE_OFF, conversation)
        self._wake(message, conversation)

    def take_preference(self, item: Preference) -> None:
        """Keep what a person chose in her WhatsApp settings, whoever serves her."""
        if item.phone_number_id != our_number():
            return
        profile = find_profile(number=item.number, bsuid=item.bsuid)
        if profile is None or profile.is_sandbox != self.event.is_synthetic:
            return
        names = f"{profile.pk}/{item.wants}/{item.timestamp}".encode()
        consent.record_consent(
            profile=profile,
            kind=consent.Kind.START if item.wants else consent.Kind.STOP,
            source=consent.Source.PREFERENCES,
            cause=f"preference:{keys.digest('preference', names).hex()}",
        )

    def forget(self) -> None:
        """Drop what was looked up within a savepoint that is gone."""
        self._people.clear()
        self._new.clear()
        self._conversations.clear()

    def _pass_on(
        self,
        path: str,
        reason: ForwardedItem.Reason,
        conversation: Conversation | None = None,
    ) -> None:
        """Note that it is not for the agent, after what she wrote before."""
        self.to_forward.append(ItemToForward(path, reason))
        if conversation is None or not forwarding.is_set_up():
            return
        waiting = conversation.messages.filter(state=Message.State.WAITING)
        before = list(waiting)
        if before:
            waiting.update(state=Message.State.UNANSWERED, codes_sealed=None)
            self.lanes |= forwarding.enqueue_messages(before)

    def _person(self, sender: Sender) -> tuple[Profile | None, str]:
        if sender not in self._people:
            person = resolve_sender(sender, is_synthetic=self.event.is_synthetic)
            if person.profile is not None and person.is_new:
                self._new.add(person.profile.pk)
                self.judge.note_new(person.profile)
            self._people[sender] = (
                person.profile,
                "sandbox" if person.refusal == "sandbox" else "feature disabled",
            )
        return self._people[sender]

    def _conversation(self, profile: Profile) -> Conversation:
        found = self._conversations.get(profile.pk)
        if found is None:
            found = self._conversations[profile.pk] = self._open_conversation(profile)
        return found

    def _open_conversation(self, profile: Profile) -> Conversation:
        names = {
            "profile": profile,
            "channel": Conversation.Channel.WHATSAPP,
            "phone_number_id": our_number(),
        }
        others = {"is_synthetic": self.event.is_synthetic}
        if profile.pk not in self._new:
            known = KNOWN.first(profile=profile.pk, number=our_number())
            if known is None:
                return Conversation.objects.get_or_create(**names, defaults=others)[0]
            known.profile = profile
            return known
        # Nobody else sees her before we commit.
        made = Conversation(**names, **others)
        prepared_rows.insert(made)
        self.waiting[made.pk] = 0
        return made

    def _new_message(
        self, item: Inbound, conversation: Conversation, id_hmac: bytes
    ) -> Message:
        text, codes = redact_codes(item.text)
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
            detail=blank_codes(item.content.detail),
            error_code=item.content.error_code,
            about_hmac=next(iter(digests_of(item.content.about)), None),
            sent_at=sent_at,
        )

    def _learn(self, item: Inbound, message: Message, profile: Profile) -> None:
        """Take a number that the channel vouches for; a passed-on card proves none."""
        number = item.content.proven_number
        if number and add_shared_number(profile, number, bsuid=item.sender.bsuid):
            message.detail["is_number_learned"] = True

    def _follow_up(
        self, item: Inbound, message: Message, conversation: Conversation
    ) -> None:
        """Do what the kind of message asks for besides, or instead of, a turn."""
        about = digests_of(item.content.about)
        hint = hints.hint_for(message)
        if message.kind in edits.KINDS and about:
            was_read = edits.correct(
                kind=message.kind,
                words=item.text,
                about=about,
                conversation=conversation,
            )
            self._may_be_overtaken = True
            is_edit = message.kind == edits.EDIT
            hint = "kind.edited" if was_read and is_edit else ""
        elif message.state == Message.State.WAITING:
            if self._may_be_overtaken is None:
                self._may_be_overtaken = edits.are_there()
            if self._may_be_overtaken:
                edits.catch_up(message, digests_of(item.provider_id))
            expect(message, item.media)
        if hint and self._may_hint(conversation.profile):
            cause = message.provider_id_hmac.hex()[:32]
            if hints.tell(conversation=conversation, key=hint, cause=cause):
                self.to_deliver.add(conversation.pk)

    def _may_hint(self, profile: Profile) -> bool:
        return self.judge.is_served(profile) and not self.judge.is_silenced(profile)

    def _wake(self, message: Message, conversation: Conversation) -> None:
        if message.state != Message.State.WAITING:
            return
        self.judge.waiting[conversation.pk] += 1
        self.to_wake.add(conversation.pk)
        logger.info("ai.whatsapp.message.processing", message_id=message.pk)


def note_username(conversation: Conversation, username: str) -> None:
    """Keep the name that she goes by, for the eye only."""
    if username and conversation.username != username:
        conversation.username = username
        conversation.save(update_fields=["username"])


def open_windows(intakes: Iterable[Intake]) -> None:
    """Let free text be sent for a day after each person's last message.

    An older message takes nothing back.
    """
    written: dict[int, datetime] = {}
    for intake in intakes:
        for pk, sent_at in intake.judge.written.items():
            written[pk] = max(sent_at, written.get(pk, sent_at))
    if written:
        with connection.cursor() as cursor:
            values: list[Any] = [WINDOW, list(written), list(written.values())]
            cursor.execute(OPEN_WINDOWS, values)
