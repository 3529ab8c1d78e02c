"""Whether a person wants messages that she did not ask for: a ledger of her words.

After STOP nothing goes to her but answers to what she writes herself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.models import ConsentEvent, Conversation, OutboundMessage
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from vouchers.models import Profile

logger = get_logger(__name__)

Kind = ConsentEvent.Kind
Source = ConsentEvent.Source
# News of vouchers: nobody asked for it in this conversation.
UNASKED = "told:"


def record(
    *,
    profile: Profile,
    kind: ConsentEvent.Kind,
    source: ConsentEvent.Source,
    cause: str,
) -> bool:
    """Write down the person's word; return whether it changed something.

    What is so already is not written again, so that it is confirmed once.
    """
    is_stop = kind == Kind.STOP
    with transaction.atomic():
        conversations = Conversation.objects.filter(profile=profile)
        # Two words at once come one after the other.
        list(conversations.select_for_update().order_by("pk").values_list("pk"))
        heard = ConsentEvent.objects.filter(cause=cause[:120]).exists()
        if heard or is_stopped(profile) == is_stop:
            return False
        ConsentEvent.objects.create(
            profile=profile, kind=kind, source=source, cause=cause[:120]
        )
        conversations.update(stopped_at=timezone.now() if is_stop else None)
    logger.info(f"ai.consent.{kind}", profile_id=profile.pk, source=str(source))
    return True


def is_stopped(profile: Profile) -> bool:
    """Tell whether the last word was STOP."""
    events = ConsentEvent.objects.filter(profile=profile).order_by("-id")
    return events.values_list("kind", flat=True).first() == Kind.STOP


def is_unasked(message: OutboundMessage) -> bool:
    """Tell whether a message is no answer to what its person wrote."""
    return message.kind == OutboundMessage.Kind.TEMPLATE or message.cause.startswith(
        UNASKED
    )
