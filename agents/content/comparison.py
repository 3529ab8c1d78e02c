"""The differences between two contents, line by line, for people. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from agents.content.hours import DAYS, written_exceptions, written_spans
from agents.language.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agents.content.document import Content

type Kind = Literal["same", "removed", "added"]

# Unchanged lines that are shown around a change.
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; the changed pieces of a changed line are marked."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    kind: Kind
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One text that differs: its name, and its lines before and after."""

    part: str
    lines: tuple[Line, ...]


def differences(old: Content, new: Content) -> list[Difference]:
    """Return what changes from one content to the other; empty when they are equal."""
    before, after = _texts(old), _texts(new)
    return [
        Difference(part, tuple(_lines(before.get(part, ""), after.get(part, ""))))
        for part in dict.fromkeys([*before, *after])
        if before.get(part, "") != after.get(part, "")
    ]


def parts_of(content: Content) -> dict[str, str]:
    """Return every text that is not empty, by the name of its part."""
    return {part: text for part, text in _texts(content).items() if text}


def _texts(content: Content) -> dict[str, str]:
    """Return the texts in the order in which people read them."""
    week = zip(DAYS, content.hours.week, strict=True)
    texts = {"instructions": content.instructions}
    texts |= {f"hours.{day}": written_spans(spans) for day, spans in week}
    texts["exceptions"] = written_exceptions(content.hours.exceptions)
    for topic in content.topics:
        texts[f"topic.{topic.key}.phrases"] = "\n".join(topic.phrases)
        for language in LANGUAGES:
            texts[f"topic.{topic.key}.{language}"] = topic.texts.get(language, "")
    return texts


def _lines(before: str, after: str) -> Iterator[Line]:
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for place, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if place:
            yield Line("same", (Part("…"),))
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (Line("same", (Part(line),)) for line in old[a:b])
            else:
                yield from _changed(old[a:b], new[c:d])


def _changed(old: list[str], new: list[str]) -> Iterator[Line]:
    """Mark the changed words in two lines that correspond."""
    pairs = [_marked(a, b) for a, b in zip_longest(old, new, fillvalue=None)]
    yield from (Line("removed", parts) for parts, _ in pairs if parts is not None)
    yield from (Line("added", parts) for _, parts in pairs if parts is not None)


type Marked = tuple[Part, ...] | None


def _marked(old: str | None, new: str | None) -> tuple[Marked, Marked]:
    if old is None or new is None:
        return (
            None if old is None else (Part(old, is_changed=True),),
            None if new is None else (Part(new, is_changed=True),),
        )
    left, right = _words(old), _words(new)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    before: list[Part] = []
    after: list[Part] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        is_changed = tag != "equal"
        before += [Part("".join(left[a:b]), is_changed)] * (b > a)
        after += [Part("".join(right[c:d]), is_changed)] * (d > c)
    return tuple(before), tuple(after)


def _words(line: str) -> list[str]:
    """Split into words with the spaces after them."""
    pieces = line.split(" ")
    return [f"{piece} " for piece in pieces[:-1]] + pieces[-1:]
