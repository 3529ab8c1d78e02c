"""Choose the language of every text to a person: one rule, whatever sends the text.

1. The language of their messages: the last one whose language is clear. It is stored with
   the conversation, so that a receipt, a notice and a colleague's answer follow it too.
2. Otherwise the language of their profile.
3. Otherwise English.

A message without a clear language, such as a number or a mixture, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language.detection import clear_language, detect_language
from agents.language.message_text import has_words
from agents.language.texts import LANGUAGES
from agents.whatsapp.contents import BUTTON_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.models import Conversation, Message
    from vouchers.models import Profile

DEFAULT = "en"


def language_of(conversation: Conversation) -> str:
    """Return the language in which the person reads the next text."""
    return _known(conversation) or DEFAULT


def language_of_person(person: Profile, default: str = DEFAULT) -> str:
    """Return the language of a person who is not read in a conversation."""
    return person.language if person.language in LANGUAGES else default


def note_language(conversation: Conversation, texts: Sequence[str]) -> bool:
    """Let what the person wrote decide; return whether the language changed.

    The caller saves the field. A weak indication counts only while nothing is known.
    """
    found = next(
        filter(None, (clear_language([text]) for text in reversed(texts))), None
    )
    found = found or (clear_language(texts) if len(texts) > 1 else None)
    if found is None and not _known(conversation):
        found = detect_language(texts)
    return set_language(conversation, found)


def set_language(conversation: Conversation, language: str | None) -> bool:
    """Set the language that a message shows; return whether it changed."""
    if not language or language == conversation.language:
        return False
    conversation.language = language
    return True


def shows_language(message: Message) -> bool:
    """Tell whether the words are the person's own.

    A button has our words, a forwarded message those of another person.
    """
    is_theirs = message.kind not in BUTTON_KINDS and "forwarded" not in message.detail
    return is_theirs and has_words(message)


def _known(conversation: Conversation) -> str:
    given = (conversation.language, conversation.profile.language)
    return next((one for one in given if one in LANGUAGES), "")
