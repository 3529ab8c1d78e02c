"""The conversation before the turn, bounded and without codes, as models read it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from agents.core.code_redaction import hide_parts
from agents.language.message_text import text_for_model
from agents.llm import items
from agents.llm.prompts import message_item
from agents.models import Message, OutboundMessage
from easymo.database import statements
from vouchers.codes import blank_code_digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from agents.llm.model import Item
    from agents.models import Conversation

# The model needs the current subject, not the archive; each token costs.
MAX_AGE = timedelta(hours=24)
MAX_ENTRIES = 16
MAX_ENTRY_LENGTH = 600
MAX_LENGTH = 4_000
# Of a message of the present turn; WhatsApp itself allows 4,096 characters.
MAX_MESSAGE_LENGTH = 2_000
PLACEHOLDERS = re.compile(
    r"\[(?:mistyped |part of a )?code(?: \d{1,3})?\]|\{(?:code|pin_link|sign_in_code):[^}]{0,64}\}"
)
# Answered by the agent or by a colleague.
ANSWERED = (Message.State.DONE, Message.State.HANDED)
# Tells the model that these words are not its own.
BY_COLLEAGUE = "[a colleague wrote] "
UNSENT = (OutboundMessage.State.FAILED, OutboundMessage.State.CANCELLED)

# Executed in every turn: one statement for both directions.
RECENT = f"""
(SELECT received_at, false, text, ''
 FROM agents_message
 WHERE conversation_id = %(conversation)s
   AND state = ANY(%(answered)s) AND received_at >= %(since)s
   AND revoked_at IS NULL
 ORDER BY id DESC LIMIT {MAX_ENTRIES})
UNION ALL
(SELECT created_at, true, body, written_by
 FROM agents_outboundmessage
 WHERE conversation_id = %(conversation)s AND created_at >= %(since)s
   AND state <> ALL(%(unsent)s) AND kind <> 'template'
 ORDER BY id DESC LIMIT {MAX_ENTRIES})
"""  # noqa: S608 - our own number


def before(*, conversation: Conversation, now: datetime) -> tuple[Item, ...]:
    """Return what was said before the present turn, oldest first."""
    found = statements.rows(
        RECENT,
        {
            "conversation": conversation.pk,
            "since": now - MAX_AGE,
            "answered": list(map(str, ANSWERED)),
            "unsent": list(map(str, UNSENT)),
        },
    )
    found.sort(key=lambda row: row[0])
    return _bounded(
        [
            _outbound_item(text, by)
            if is_outbound
            else message_item(_past(hide_parts(text)))
            for _, is_outbound, text, by in found
            if text
        ]
    )


def present(messages: Iterable[Message], texts: Iterable[str]) -> list[Item]:
    """Return the messages of this turn as data of the customer, never as orders."""
    return [
        message_item(text_for_model(message, hide_parts(text[:MAX_MESSAGE_LENGTH])))
        for message, text in zip(messages, texts, strict=True)
    ]


def _outbound_item(text: str, written_by: str) -> Item:
    past = _past(text)
    return items.assistant(f"{BY_COLLEAGUE}{past}" if written_by else past)


def _past(text: str) -> str:
    """Remove placeholders too: codes of earlier messages can no longer be used."""
    return PLACEHOLDERS.sub("[code]", blank_code_digits(text))[:MAX_ENTRY_LENGTH]


def _bounded(entries: Sequence[Item]) -> tuple[Item, ...]:
    kept: list[Item] = []
    left = MAX_LENGTH
    for item in reversed(entries[-MAX_ENTRIES:]):
        left -= len(item["content"])
        if left < 0:
            break
        kept.append(item)
    return tuple(reversed(kept))
