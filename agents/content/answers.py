"""Answers to questions, from the operator's content; built-in texts where it has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from agents.content import opening
from agents.content.document import BUILT_IN_TOPICS, DAYS_VALUE, Topic
from agents.language.lexicons.vocabulary import fold
from agents.language.phrases import words_of
from agents.language.texts import has, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from agents.content.document import Content

# What asks for a built-in topic that the offline model has no intent for.
BUILT_IN_PHRASES = {
    "contact": (
        *("reach you", "contact you", "call you", "your number", "your phone number"),
        *(
            "your email",
            "vous joindre",
            "vous contacter",
            "vous appeler",
            "votre numéro",
        ),
        *("votre email", "nimero yanyu", "telefone yanyu", "nabahamagara", "nababona"),
        *("namba yenu", "simu yenu", "nawapataje", "kuwapigia", "kuwasiliana nanyi"),
    ),
}
# A word of a question may be this much longer than the operator's word: "tyre", "tyres".
LONGER_ENDING = 1


def own_text(content: Content, topic: str, language: str) -> str:
    """Return what operators wrote about the topic; "" when they wrote nothing."""
    found = content.topic(topic)
    text = found.text_in(language) if found else ""
    return text.replace(DAYS_VALUE, str(settings.VOUCHER_VALID_DAYS))


def answer(content: Content, topic: str, language: str, now: datetime) -> str:
    """Return the answer about a topic that the content has."""
    written = own_text(content, topic, language)
    if topic == "hours":
        hours = opening.described(content.hours, language, now)
        parts = filter(None, (written, hours))
        return "\n\n".join(parts) or _built_in(topic, language)
    return written or _built_in(topic, language)


def askable(content: Content) -> tuple[Topic, ...]:
    """Return the topics with the words that ask for them, built-in ones included."""
    built_in = (
        replace(found, phrases=(*found.phrases, *phrases))
        if (found := content.topic(key))
        else Topic(key, phrases)
        for key, phrases in BUILT_IN_PHRASES.items()
    )
    others = (one for one in content.topics if one.key not in BUILT_IN_PHRASES)
    return (*others, *built_in)


def asked_topic(text: str, topics: Sequence[Topic], *, whole: bool) -> str | None:
    """Return the topic whose phrase the text contains, or, if `whole`, consists of.

    The longest phrase decides.
    """
    words = words_of(fold(text))
    found = [
        (len(phrase), topic.key)
        for topic in topics
        for phrase in (words_of(fold(one)) for one in topic.phrases)
        if phrase and (words == phrase if whole else _contains(words, phrase))
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _contains(words: Sequence[str], phrase: Sequence[str]) -> bool:
    last = len(words) - len(phrase) + 1
    return any(
        all(map(_is_word, words[place : place + len(phrase)], phrase))
        for place in range(last)
    )


def _is_word(written: str, wanted: str) -> bool:
    is_longer = written.startswith(wanted) and len(wanted) > 3
    return written == wanted or (
        is_longer and len(written) - len(wanted) <= LONGER_ENDING
    )


def _built_in(topic: str, language: str) -> str:
    key = f"answer.{topic}"
    is_ours = topic in BUILT_IN_TOPICS and has(key)
    return render(key, language, days=settings.VOUCHER_VALID_DAYS) if is_ours else ""
