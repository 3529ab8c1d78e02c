"""Queue a message that the customer did not ask for.

Free text is allowed within 24 hours after their last message; otherwise only a template
that Meta approved.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.core.jobs import enqueue_delivery
from agents.core.serving import may_answer, our_number
from agents.identity import blocks, consent
from agents.models import Conversation
from agents.outbound import outbox

if TYPE_CHECKING:
    from agents.whatsapp.graph_client import Template
    from vouchers.models import Profile

# A window that closes within this time may be closed when the message is sent.
WINDOW_MARGIN = timedelta(seconds=90)
# Meta's names of the languages. https://developers.facebook.com/documentation
# /business-messaging/whatsapp/templates/supported-languages
TEMPLATE_LANGUAGES = {"en": "en", "fr": "fr", "rw": "rw_RW", "sw": "sw"}


def conversation_with(person: Profile, *, may_create: bool) -> Conversation | None:
    """Return the person's WhatsApp conversation; a template may begin one."""
    where = {
        "profile": person,
        "channel": Conversation.Channel.WHATSAPP,
        "phone_number_id": our_number(),
    }
    found = Conversation.objects.filter(**where).select_related("profile").first()
    if found is None and may_create and person.msisdn:
        found, _ = Conversation.objects.get_or_create(
            **where, defaults={"is_synthetic": person.is_sandbox}
        )
    return found


def is_window_open(conversation: Conversation) -> bool:
    """Tell whether free text is allowed, with a margin until it is sent."""
    closes_at = conversation.window_closes_at
    return closes_at is not None and closes_at > timezone.now() + WINDOW_MARGIN


def may_be_told(person: Profile) -> bool:
    """Tell whether a person may be written to who did not ask for it."""
    return (
        may_answer(person)
        and not consent.is_opted_out(person)
        and not blocks.is_blocked(person)
    )


def enqueue_unrequested(
    conversation: Conversation,
    *,
    cause: str,
    body: str,
    template: Template | None,
    written_by: str = "",
    qr_of: str = "",
) -> bool:
    """Queue the text, or the template outside the window; False without either."""
    is_open = is_window_open(conversation)
    if not is_open and template is None:
        return False
    outbox.enqueue(
        conversation=conversation,
        cause=cause,
        body=body,
        template=None if is_open else template,
        # The window may close before the text is sent.
        fallback=template if is_open else None,
        written_by=written_by,
        # A template has no image.
        qr_of=qr_of if is_open else "",
    )
    enqueue_delivery(conversation_id=conversation.pk)
    return True
