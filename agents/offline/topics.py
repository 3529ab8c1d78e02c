"""Topics that operators added: which texts ask about one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.content.answers import asked_topic
from agents.offline.grammar import Intent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.content.document import Topic
    from agents.offline.grammar import Understood

# Questions, small talk, and texts that no other rule understands.
QUESTIONS = frozenset(
    {
        *(Intent.UNCLEAR, Intent.OFF_TOPIC, Intent.HELP, Intent.GREET, Intent.THANKS),
        *(Intent.WHERE, Intent.HOURS, Intent.VALIDITY, Intent.HOW, Intent.BYE),
    }
)


def asked(text: str, read: Understood, topics: Sequence[Topic]) -> str | None:
    """Return the operators' topic that the text asks about.

    Their words never take the place of a request: there only a text that is nothing but
    their phrase counts, and not even that where the text has a meaning of its own.
    """
    if not topics or read.is_exact or read.slots.has_any:
        return None
    return asked_topic(text, topics, whole=read.intent not in QUESTIONS)
