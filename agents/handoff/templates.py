"""Answers by an approved template, which is allowed after the 24-hour window."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db import transaction

from agents.core.errors import TextRefused
from agents.core.locks import lock_conversation
from agents.handoff import handoff
from agents.models import ApprovedTemplate
from agents.notifications.unrequested import TEMPLATE_LANGUAGES
from agents.whatsapp.graph_client import Template
from easymo.sentences import translatable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Conversation, OutboundMessage

# Meta's limits of a parameter: one line, and no run of spaces.
LONGEST_PARAMETER = 300
MOST_PARAMETERS = 10
MOST = 50
_PLACE = re.compile(r"\{\{([0-9]{1,2})\}\}")


def templates_for(language: str) -> list[ApprovedTemplate]:
    """Return the templates, those in the customer's language first."""
    rows = list(ApprovedTemplate.objects.order_by("name", "language")[:MOST])
    return sorted(rows, key=lambda row: row.language != language)


def parameter_count(text: str) -> int:
    """Return how many parameters a template's text takes.

    Raises TextRefused when they are not numbered 1, 2, ... without a gap.
    """
    numbers = sorted({int(number) for number in _PLACE.findall(text)})
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) > MOST_PARAMETERS:
        raise TextRefused(
            translatable(
                "Number the parameters {{{{1}}}}, {{{{2}}}} and so on, without a gap, at most {most}.",
                most=MOST_PARAMETERS,
            )
        )
    return len(numbers)


def rendered(template: ApprovedTemplate, parameters: Sequence[str]) -> str:
    """Return the text that the customer reads."""
    return _PLACE.sub(lambda found: parameters[int(found[1]) - 1], template.text)


def send(
    *,
    conversation: Conversation,
    template: ApprovedTemplate,
    parameters: Sequence[str],
    reason: str,
    actor: str,
    key: str,
) -> OutboundMessage:
    """Write to the customer by a template, and pause the agent; once for each key.

    Raises OptedOut, PersonErased or TextRefused; nothing is then written.
    """
    given = [_checked(each) for each in parameters]
    needed = parameter_count(template.text)
    if len(given) != needed:
        raise TextRefused(
            translatable("This template takes {needed} parameters.", needed=needed)
        )
    approved = Template(
        template.name, TEMPLATE_LANGUAGES[template.language], tuple(given)
    )
    with transaction.atomic():
        held = lock_conversation(conversation.pk)
        return handoff.send(
            held,
            rendered(template, given),
            template=approved,
            reason=reason,
            actor=actor,
            key=key,
        )


def _checked(parameter: str) -> str:
    checked = handoff.checked_text(" ".join(parameter.split()))
    if len(checked) > LONGEST_PARAMETER:
        raise TextRefused(
            translatable(
                "A parameter has at most {most} characters.",
                most=LONGEST_PARAMETER,
            )
        )
    return checked
