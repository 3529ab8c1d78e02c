"""The operator's content as a value: read from its document, and checked.

Each turn uses the content of one version. Before the first one is published that is
`BUILT_IN`: no instructions, no hours, and the fixed texts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Any

from agents.content.errors import Fault, InvalidContent
from agents.content.hours import (
    DAYS,
    InvalidHours,
    OpeningHours,
    parse_exceptions,
    parse_spans,
    written_exceptions,
    written_spans,
)
from agents.language.texts import LANGUAGES
from vouchers.codes import blank_code_digits

# Topics that always exist. They have a built-in text until an operator writes one.
BUILT_IN_TOPICS = ("where", "hours", "validity", "how_it_works", "contact")
LONGEST_INSTRUCTIONS = 2_000
LONGEST_TEXT = 1_500
MOST_TOPICS = 30
MOST_PHRASES = 40
LONGEST_PHRASE = 60
# The only value that a text may name: how many days a voucher is valid.
DAYS_VALUE = "{days}"
TOPIC_KEY = re.compile(r"[a-z][a-z0-9_]{1,29}")
# Scripts and emoji need the joiners; other control characters are refused.
_ALLOWED_CONTROLS = "\n\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Topic:
    """What people ask about, and the answer in each language that has one."""

    key: str
    # Words that ask about it, in any language: "tyres", "pneu".
    phrases: tuple[str, ...] = ()
    # By language; a language without a text is not in it.
    texts: dict[str, str] = field(default_factory=dict)

    def text_in(self, language: str) -> str:
        """Return the text in the language, else in English, else in any."""
        texts = self.texts
        return (
            texts.get(language)
            or texts.get("en")
            or next((texts[one] for one in LANGUAGES if texts.get(one)), "")
        )


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that operators wrote, of one version."""

    instructions: str = ""
    hours: OpeningHours = field(default_factory=OpeningHours)
    topics: tuple[Topic, ...] = ()
    # The version; None for the built-in content and for a draft.
    version: int | None = None
    # Which edit of the draft it is; None for a published version.
    draft: int | None = None

    def topic(self, key: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.key == key), None)

    @property
    def own_topics(self) -> tuple[Topic, ...]:
        """Return the topics that operators added."""
        return tuple(t for t in self.topics if t.key not in BUILT_IN_TOPICS)

    @property
    def topic_keys(self) -> tuple[str, ...]:
        """Return the topics that can be asked about, the built-in ones first."""
        own = (topic.key for topic in self.own_topics)
        return (*BUILT_IN_TOPICS, *own)


BUILT_IN = Content()


def to_document(content: Content) -> dict[str, Any]:
    """Return the content as it is stored."""
    return {
        "instructions": content.instructions,
        "hours": {
            day: written_spans(spans)
            for day, spans in zip(DAYS, content.hours.week, strict=True)
        },
        "exceptions": written_exceptions(content.hours.exceptions),
        "topics": [
            {
                "key": topic.key,
                "phrases": list(topic.phrases),
                "texts": {one: topic.texts.get(one, "") for one in LANGUAGES},
            }
            for topic in content.topics
        ],
    }


def from_document(
    document: dict[str, Any], *, version: int | None = None, draft: int | None = None
) -> Content:
    """Read a stored document, which was checked when it was stored."""
    return replace(_read(document)[0], version=version, draft=draft)


def normal(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as it is stored. Raises InvalidContent."""
    content, faults = _read(document)
    if faults:
        raise InvalidContent(*faults)
    return to_document(content)


def _read(document: dict[str, Any]) -> tuple[Content, list[Fault]]:
    faults: list[Fault] = []
    content = Content(
        instructions=_instructions(str(document.get("instructions", "")), faults),
        hours=_hours(document, faults),
        topics=_topics(document.get("topics", []), faults),
    )
    return content, faults


def _instructions(text: str, faults: list[Fault]) -> str:
    return _text("instructions", text, LONGEST_INSTRUCTIONS, faults)


def _hours(document: dict[str, Any], faults: list[Fault]) -> OpeningHours:
    written = document.get("hours", {})
    week = []
    for day in DAYS:
        try:
            week.append(parse_spans(str(written.get(day, ""))))
        except InvalidHours as error:
            faults.append(Fault(f"hours.{day}", str(error)))
            week.append(())
    try:
        exceptions = parse_exceptions(str(document.get("exceptions", "")))
    except InvalidHours as error:
        faults.append(Fault("exceptions", str(error)))
        exceptions = ()
    return OpeningHours(tuple(week), exceptions)


def _topics(written: list[dict[str, Any]], faults: list[Fault]) -> tuple[Topic, ...]:
    """Read the topics; a built-in one without any text is left out."""
    found: dict[str, Topic] = {}
    for entry in written:
        key = str(entry.get("key", "")).strip().lower()
        part = f"topic.{key}"
        if not TOPIC_KEY.fullmatch(key):
            faults.append(
                Fault(part, f"“{key[:30]}”: a topic is named by letters and digits.")
            )
        if key in found:
            faults.append(Fault(part, f"The topic {key} is there twice."))
        topic = Topic(
            key,
            _phrases(part, entry.get("phrases", []), faults),
            _texts(part, entry.get("texts", {}), faults),
        )
        if key not in BUILT_IN_TOPICS and not topic.texts:
            faults.append(Fault(part, f"The topic {key} needs a text."))
        if topic.texts or topic.phrases:
            found[key] = topic
    if len(found) > MOST_TOPICS:
        faults.append(Fault("topics", f"There can be at most {MOST_TOPICS} topics."))
    return tuple(found.values())


def _phrases(part: str, written: list[str], faults: list[Fault]) -> tuple[str, ...]:
    phrases = tuple(
        dict.fromkeys(filter(None, (" ".join(str(one).split()) for one in written)))
    )
    if len(phrases) > MOST_PHRASES:
        faults.append(
            Fault(part, f"A topic has at most {MOST_PHRASES} words and phrases.")
        )
    for phrase in phrases:
        if len(phrase) > LONGEST_PHRASE or not phrase.isprintable():
            faults.append(
                Fault(part, f"“{phrase[:30]}”: at most {LONGEST_PHRASE} characters.")
            )
        if not any(map(str.isalpha, phrase)):
            faults.append(Fault(part, f"“{phrase[:30]}” has no letters."))
    return phrases


def _texts(part: str, written: dict[str, str], faults: list[Fault]) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        text = str(written.get(language, "") or "")
        if checked := _text(f"{part}.{language}", text, LONGEST_TEXT, faults):
            found[language] = checked
    return found


def _text(part: str, written: str, longest: int, faults: list[Fault]) -> str:
    """Return the text with plain line ends, and note why it cannot be stored."""
    lines = [line.rstrip() for line in written.strip().splitlines()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    if len(text) > longest:
        faults.append(Fault(part, f"At most {longest:,} characters."))
    if any(
        letter not in _ALLOWED_CONTROLS
        and unicodedata.category(letter) in {"Cc", "Cf", "Cs"}
        for letter in text
    ):
        faults.append(Fault(part, "A text has no control characters."))
    # A placeholder would be filled with a code when the message is sent.
    if re.search(r"[{}]", text.replace(DAYS_VALUE, "")):
        faults.append(
            Fault(part, f"Braces are not allowed, except {DAYS_VALUE} for the days.")
        )
    if blank_code_digits(text) != text:
        faults.append(Fault(part, "A text must not contain a voucher code."))
    return text
