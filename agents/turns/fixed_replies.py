"""Fixed replies to messages that the agent cannot read; no model is asked.

`send_notice` answers a message that starts no turn; `reply_to_kind` is the answer of a
turn that has no text to read.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from agents.language import texts
from agents.language.choice import language_of
from agents.models import Conversation, Media
from agents.outbound import outbox
from agents.turns.reply import Draft

if TYPE_CHECKING:
    from agents.models import Message
    from agents.turns.claim import ClaimedTurn

NOTICE_INTERVAL = timedelta(hours=24)
# The provider could not give us the content.
LOST_CONTENT_ERRORS = frozenset({"131000", "131052"})
# The first kind that fits decides the text.
TEXT_OF_KIND = (
    ("audio", "kind.voice"),
    ("location", "kind.location"),
    ("contacts", "kind.contact"),
    ("order", "kind.order"),
    ("image", "kind.media"),
    ("video", "kind.media"),
    ("document", "kind.media"),
)


def notice_for(message: Message) -> str:
    """Return the text for a message that starts no turn; "" for none."""
    if message.kind != "unsupported":
        return ""
    if message.error_code in LOST_CONTENT_ERRORS:
        return "kind.resend"
    return "kind.edited" if message.detail.get("type") == "edit" else "kind.unsupported"


def send_notice(*, conversation: Conversation, key: str, cause: str) -> bool:
    """Queue the text, once a day at most and not after STOP or while paused."""
    now = timezone.now()
    due = Conversation.objects.filter(
        Q(hint_at=None) | Q(hint_at__lt=now - NOTICE_INTERVAL),
        pk=conversation.pk,
        stopped_at=None,
        paused_at=None,
    ).update(hint_at=now)
    if not due:
        return False
    outbox.enqueue(
        conversation=conversation,
        cause=f"hint:{cause}"[:80],
        body=texts.render(key, language_of(conversation)),
    )
    return True


def reply_to_kind(claimed: ClaimedTurn) -> Draft:
    """Return the answer to messages without text, by their kinds."""
    return Draft(texts.render(_key_for(claimed), claimed.language))


def _key_for(claimed: ClaimedTurn) -> str:
    kinds = {message.kind for message in claimed.messages}
    if kinds == {"request_welcome"}:
        return f"greeting.{claimed.profile.role}"
    if any(message.detail.get("is_number_learned") for message in claimed.messages):
        return "kind.number_noted"
    if any(_is_lost(message) for message in claimed.messages):
        return "kind.resend"
    for kind, key in TEXT_OF_KIND:
        if kind in kinds:
            return key
    return "kind.unsupported"


def _is_lost(message: Message) -> bool:
    """Tell whether neither the provider nor its store could give us the content."""
    if message.error_code in LOST_CONTENT_ERRORS:
        return True
    media = Media.objects.filter(message=message).first()
    return media is not None and media.state == Media.State.FAILED
