"""What our own people announce, over WhatsApp: to whoever may be told, once each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from agents.core.jobs import enqueue_delivery
from agents.identity import blocks, consent
from agents.models import ConsentEvent
from agents.notifications.messages import (
    TEMPLATE_LANGUAGES,
    WINDOW_MARGIN,
    conversation_with,
)
from agents.outbound import outbox
from agents.whatsapp.graph_client import Template
from rollout.core.ports import DeliveryResult, ports
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

# Marks what goes as a colleague's own words: it is none of the agent's.
AUTHOR = "announcement"
# Of a template's parameter: no line breaks, no tabs, not four blanks in a row.
# https://developers.facebook.com/documentation/business-messaging/whatsapp/templates
_BLANKS = re.compile(r"\s+")
LONGEST_PARAMETER = 1_000


def register_broadcast_ports() -> None:
    """Fill the slots that reach people."""
    ports.tell = tell
    ports.audience = audience
    ports.mail_addresses = mail_addresses


def tell(subject: str, line: str, text: str, cause: str) -> DeliveryResult:
    """Write the message into the outbox; the same cause again writes nothing."""
    person = _people([subject]).first()
    if person is None:
        return DeliveryResult("skipped", "nobody we know")
    if consent.is_opted_out(person):
        return DeliveryResult("skipped", "said STOP")
    if blocks.is_blocked(person):
        return DeliveryResult("skipped", "blocked")
    template = settings.WA_TEMPLATE_ANNOUNCEMENT
    conversation = conversation_with(person, may_make=bool(template))
    closes_at = conversation.window_closes_at if conversation else None
    is_open = closes_at is not None and closes_at > timezone.now() + WINDOW_MARGIN
    if conversation is None or not (is_open or template):
        return DeliveryResult(
            "skipped", "window closed, WA_TEMPLATE_ANNOUNCEMENT not set"
        )
    by_template = _template(template, person, line, text) if template else None
    outbox.enqueue(
        conversation=conversation,
        cause=f"{consent.NOTIFICATION_PREFIX}{cause}",
        body=f"*{line}*\n{text}",
        template=None if is_open else by_template,
        fallback=by_template if is_open else None,
        written_by=AUTHOR,
    )
    enqueue_delivery(conversation_id=conversation.pk)
    return DeliveryResult("sent")


def audience(after: str, limit: int) -> Sequence[str]:
    """Return everybody who may be told something, in the order of their ids."""
    last_word = ConsentEvent.objects.filter(profile=OuterRef("pk")).order_by("-id")
    people = (
        _people()
        .annotate(last_word=Subquery(last_word.values("kind")[:1]))
        .filter(Q(last_word=None) | ~Q(last_word=ConsentEvent.Kind.STOP))
        .filter(is_sandbox=False)
        .order_by("public_id")
    )
    if after:
        people = people.filter(public_id__gt=UUID(after))
    found = people.values_list("public_id", flat=True)[:limit]
    return [str(public_id) for public_id in found]


def mail_addresses(subjects: Sequence[str]) -> Mapping[str, str]:
    """Return where those have e-mail who have a login and have not said STOP."""
    people = _people(subjects).exclude(user=None).select_related("user")
    return {
        str(person.public_id): person.user.email
        for person in people
        if person.user is not None
        and person.user.email
        and not consent.is_opted_out(person)
    }


def _people(subjects: Sequence[str] | None = None) -> QuerySet[Profile]:
    people = Profile.objects.filter(is_active=True, erased_at=None)
    if subjects is None:
        return people
    return people.filter(public_id__in=[s for s in subjects if _is_id(s)])


def _is_id(subject: str) -> bool:
    try:
        return str(UUID(subject)) == subject
    except ValueError:
        return False


def _template(name: str, person: Profile, line: str, text: str) -> Template:
    """Return the approved template with its one parameter: all of it on one line."""
    words = _BLANKS.sub(" ", f"{line}: {text}").strip()
    language = TEMPLATE_LANGUAGES[person.language or "en"]
    return Template(name, language, (outbox.shortened(words, LONGEST_PARAMETER),))
