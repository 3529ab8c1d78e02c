"""STOP and START, heard before any model and whatever else is waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from agents.identity import consent
from agents.identity.consent import ConsentCommand, parse_consent_command
from agents.language import texts
from agents.models import PendingAction
from agents.outbound import outbox

if TYPE_CHECKING:
    from agents.models import Conversation, Message
    from vouchers.models import Profile

# Words that she typed, or a button of a template with such words on it.
KINDS = frozenset({"text", "button"})


def take_word(
    *, message: Message, conversation: Conversation, profile: Profile, may_reply: bool
) -> bool:
    """Take the message for STOP or START; return whether it is one, and thus done."""
    heard = parse_consent_command(message.text) if message.kind in KINDS else None
    if heard is None or (heard.may_be_no and _has_question(conversation)):
        return False
    kind = consent.Kind(heard.word)
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
                _language(heard, conversation, profile),
            ),
        )
    return True


def _language(
    heard: ConsentCommand, conversation: Conversation, profile: Profile
) -> str:
    return heard.language or conversation.language or profile.language or "en"


def _has_question(conversation: Conversation) -> bool:
    """Tell whether a question of ours is open, which a "leave it" answers."""
    return (
        bool(conversation.memory)
        or conversation.pending_actions.filter(
            status=PendingAction.Status.WAITING, expires_at__gt=timezone.now()
        ).exists()
    )
