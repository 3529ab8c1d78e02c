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
from easymo.sentences import translatable, whole_number
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
            faults.append(Fault(f"hours.{day}", error.args[0]))
            week.append(())
    try:
        exceptions = parse_exceptions(str(document.get("exceptions", "")))
    except InvalidHours as error:
        faults.append(Fault("exceptions", error.args[0]))
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
                Fault(
                    part,
                    translatable(
                        "“{key}”: a topic is named by letters and digits.", key=key[:30]
                    ),
                )
            )
        if key in found:
            faults.append(
                Fault(part, translatable("The topic {key} is there twice.", key=key))
            )
        topic = Topic(
            key,
            _phrases(part, entry.get("phrases", []), faults),
            _texts(part, entry.get("texts", {}), faults),
        )
        if key not in BUILT_IN_TOPICS and not topic.texts:
            faults.append(
                Fault(part, translatable("The topic {key} needs a text.", key=key))
            )
        if topic.texts or topic.phrases:
            found[key] = topic
    if len(found) > MOST_TOPICS:
        faults.append(
            Fault(
                "topics",
                translatable(
                    "There can be at most {most} topics.",
                    most=MOST_TOPICS,
                ),
            )
        )
    return tuple(found.values())


def _phrases(part: str, written: list[str], faults: list[Fault]) -> tuple[str, ...]:
    phrases = tuple(
        dict.fromkeys(filter(None, (" ".join(str(one).split()) for one in written)))
    )
    if len(phrases) > MOST_PHRASES:
        faults.append(
            Fault(
                part,
                translatable(
                    "A topic has at most {most} words and phrases.",
                    most=MOST_PHRASES,
                ),
            )
        )
    for phrase in phrases:
        if len(phrase) > LONGEST_PHRASE or not phrase.isprintable():
            faults.append(
                Fault(
                    part,
                    translatable(
                        "“{phrase}”: at most {most} characters.",
                        phrase=phrase[:30],
                        most=LONGEST_PHRASE,
                    ),
                )
            )
        if not any(map(str.isalpha, phrase)):
            faults.append(
                Fault(
                    part, translatable("“{phrase}” has no letters.", phrase=phrase[:30])
                )
            )
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
        faults.append(
            Fault(
                part,
                translatable("At most {most} characters.", most=whole_number(longest)),
            )
        )
    if any(
        letter not in _ALLOWED_CONTROLS
        and unicodedata.category(letter) in {"Cc", "Cf", "Cs"}
        for letter in text
    ):
        faults.append(Fault(part, translatable("A text has no control characters.")))
    # A placeholder would be filled with a code when the message is sent.
    if re.search(r"[{}]", text.replace(DAYS_VALUE, "")):
        faults.append(
            Fault(
                part,
                translatable(
                    "Braces are not allowed, except {days} for the days.",
                    days=DAYS_VALUE,
                ),
            )
        )
    if blank_code_digits(text) != text:
        faults.append(
            Fault(part, translatable("A text must not contain a voucher code."))
        )
    return text
