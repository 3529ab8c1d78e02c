"""Send colleagues' broadcasts over WhatsApp, once to each person who may be told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery

from agents.identity import blocks, consent
from agents.language.choice import language_of
from agents.models import ConsentEvent
from agents.notifications.unrequested import (
    TEMPLATE_LANGUAGES,
    conversation_with,
    enqueue_unrequested,
)
from agents.outbound import outbox
from agents.whatsapp.graph_client import Template
from rollout.core.ports import DeliveryResult
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

    from agents.models import Conversation

# Marks the message as written by a colleague, not by the agent.
AUTHOR = "announcement"
# A template's parameter has no line breaks, no tabs, and not four blanks in a row.
# https://developers.facebook.com/documentation/business-messaging/whatsapp/templates
_BLANKS = re.compile(r"\s+")
MAX_PARAMETER_LENGTH = 1_000


def send(subject: str, line: str, text: str, cause: str) -> DeliveryResult:
    """Queue the message; the same cause again queues nothing."""
    person = _people([subject]).first()
    if person is None:
        return DeliveryResult("skipped", "unknown person")
    if consent.is_opted_out(person):
        return DeliveryResult("skipped", "said STOP")
    if blocks.is_blocked(person):
        return DeliveryResult("skipped", "blocked")
    template = settings.WA_TEMPLATE_ANNOUNCEMENT
    conversation = conversation_with(person, may_create=bool(template))
    if conversation is not None and enqueue_unrequested(
        conversation,
        cause=f"{consent.NOTIFICATION_PREFIX}{cause}",
        body=f"*{line}*\n{text}",
        template=_template(template, conversation, line, text) if template else None,
        written_by=AUTHOR,
    ):
        return DeliveryResult("sent")
    return DeliveryResult("skipped", "window closed, WA_TEMPLATE_ANNOUNCEMENT not set")


def audience(after: str, limit: int) -> Sequence[str]:
    """Return all people who may be told something, in the order of their ids."""
    consents = ConsentEvent.objects.filter(profile=OuterRef("pk")).order_by("-id")
    people = (
        _people()
        .annotate(consent=Subquery(consents.values("kind")[:1]))
        .filter(Q(consent=None) | ~Q(consent=ConsentEvent.Kind.STOP))
        .filter(is_sandbox=False)
        .order_by("public_id")
    )
    if after:
        people = people.filter(public_id__gt=UUID(after))
    found = people.values_list("public_id", flat=True)[:limit]
    return [str(public_id) for public_id in found]


def mail_addresses(subjects: Sequence[str]) -> Mapping[str, str]:
    """Return the e-mail addresses of those who have a login and have not said STOP."""
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


def _template(name: str, conversation: Conversation, line: str, text: str) -> Template:
    """Return the approved template with its one parameter: all on one line."""
    parameter = _BLANKS.sub(" ", f"{line}: {text}").strip()
    return Template(
        name,
        TEMPLATE_LANGUAGES[language_of(conversation)],
        (outbox.shortened(parameter, MAX_PARAMETER_LENGTH),),
    )
