"""What was said before, bounded and without codes, in the form that models read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from agents.core.code_redaction import blank_code_digits
from agents.language.message_text import text_for_model
from agents.llm import items
from agents.llm.prompts import message_item
from agents.models import Message, OutboundMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agents.llm.model import Item
    from agents.models import Conversation

# The model needs the thread of the talk, not its archive; each token costs.
LONGEST_AGO = timedelta(hours=24)
MOST_ENTRIES = 16
LONGEST_ENTRY = 600
LONGEST_TOTAL = 4_000
# A message of the present turn; WhatsApp itself allows 4,096 characters.
LONGEST_MESSAGE = 2_000
PLACES = re.compile(r"\[(?:mistyped )?code(?: \d{1,3})?\]|\{code:[^}]{0,64}\}")
# By the agent or by a colleague: both are part of the talk.
ANSWERED = (Message.State.DONE, Message.State.HANDED)
# The model shall know that these are not its own words.
BY_COLLEAGUE = "[a colleague wrote] "
UNSENT = (OutboundMessage.State.FAILED, OutboundMessage.State.CANCELLED)

# Asked in every turn: one statement for both sides of the talk.
SAID = """
(SELECT received_at, false, text, ''
 FROM agents_message
 WHERE conversation_id = %(conversation)s
   AND state = ANY(%(answered)s) AND received_at >= %(since)s
   AND revoked_at IS NULL
 ORDER BY id DESC LIMIT %(most)s)
UNION ALL
(SELECT created_at, true, body, written_by
 FROM agents_outboundmessage
 WHERE conversation_id = %(conversation)s AND created_at >= %(since)s
   AND state <> ALL(%(unsent)s) AND kind <> 'template'
 ORDER BY id DESC LIMIT %(most)s)
"""


def before(*, conversation: Conversation, now: datetime) -> tuple[Item, ...]:
    """Return the talk before the present turn, oldest first."""
    since = now - LONGEST_AGO
    with connection.cursor() as cursor:
        cursor.execute(
            SAID,
            {
                "conversation": conversation.pk,
                "since": since,
                "answered": list(map(str, ANSWERED)),
                "unsent": list(map(str, UNSENT)),
                "most": MOST_ENTRIES,
            },
        )
        found = cursor.fetchall()
    entries = [
        (at, items.assistant(_said(text, by)) if is_ours else message_item(_past(text)))
        for at, is_ours, text, by in found
        if text
    ]
    entries.sort(key=lambda entry: entry[0])
    return _bounded([item for _, item in entries])


def present(messages: Iterable[Message], texts: Iterable[str]) -> list[Item]:
    """Return the messages of this turn as a person's words: data, never orders."""
    return [
        message_item(_present(message, text))
        for message, text in zip(messages, texts, strict=True)
    ]


def _present(message: Message, text: str) -> str:
    return text_for_model(message, text[:LONGEST_MESSAGE])


def _said(text: str, written_by: str) -> str:
    words = _past(text)
    return f"{BY_COLLEAGUE}{words}" if written_by else words


def _past(text: str) -> str:
    """Codes of earlier messages can no longer be used, so no place is left for one."""
    return PLACES.sub("[code]", blank_code_digits(text))[:LONGEST_ENTRY]


def _bounded(entries: Sequence[Item]) -> tuple[Item, ...]:
    kept: list[Item] = []
    left = LONGEST_TOTAL
    for item in reversed(entries[-MOST_ENTRIES:]):
        left -= len(item["content"])
        if left < 0:
            break
        kept.append(item)
    return tuple(reversed(kept))
