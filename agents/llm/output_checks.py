"""Check a text of the model before it is sent.

Foreign links, telephone numbers, markup, formulas that another program would run, and
the instructions of the prompt are never sent, true or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from agents.language.normalise import joined_digits, plain, visible
from agents.llm.unsupported_claims import Problem, check_claims

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.llm.supported_claims import Facts

type Breach = Literal["link", "email", "number", "markup", "formula", "instructions"]

LONGEST = 3_500
LINK = re.compile(
    r"\b(?:h(?:tt|xx)ps?|ftp|tel|sms|mailto|javascript|data|whatsapp|intent) ?:/{0,2}\S+"
    r"|\bwww\.\S+"
    r"|\b(?:[a-z0-9-]+\.)+[a-z]{2,24}(?:[/:?#]\S*|\b)"
    r"|\b[a-z0-9-]+ ?(?:\[\.\]|\(\.\)|\(dot\)|\[dot\]| dot )[ ]?[a-z]{2,10}\b",
    re.IGNORECASE,
)
# Abbreviations whose dots do not make a domain.
DOTTED_WORDS = re.compile(r"\b(?:e\.g|i\.e|etc|a\.m|p\.m|no|vs|st)\.", re.IGNORECASE)
EMAIL = re.compile(r"[\w.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
MARKUP = re.compile(
    r"<\s*[/!?]?[a-z][^>]*>?|&(?:#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE
)
# A spreadsheet would run these in an exported transcript.
FORMULA = re.compile(
    r"^\s*(?:=|@[A-Za-z]|[+-](?:\d+|[A-Za-z]+)\s*(?:[+\-/(|!]|\*(?!\*)))|\bcmd\s*\|",
    re.MULTILINE,
)
LONG_NUMBER = re.compile(r"\d{9,}")
MASKED = re.compile(r"\+?\d{1,5}\*{2,}\d{2,4}")
# A text with this many words of the instructions in a row repeats them.
REPEATED_WORDS = 10


def breaches_of(
    text: str,
    *,
    links: Sequence[str] = (),
    shown: Sequence[str] = (),
    instructions: str = "",
) -> frozenset[Breach]:
    """Return the reasons why the text may not be sent.

    `links` are the allowed prefixes of links; `shown` are texts rendered from rows, whose
    dates and masked numbers may be repeated.
    """
    seen = visible(text)
    found: set[Breach] = set()
    # Checked in Latin letters too: look-alike letters can form a link.
    if _foreign_links(seen, links) or _foreign_links(plain(seen), links):
        found.add("link")
    if EMAIL.search(seen):
        found.add("email")
    if _foreign_numbers(seen, shown):
        found.add("number")
    if MARKUP.search(seen):
        found.add("markup")
    if FORMULA.search(seen):
        found.add("formula")
    if instructions and _repeats(seen, instructions):
        found.add("instructions")
    return frozenset(found)


def cut(text: str, *, longest: int = LONGEST) -> str:
    """Shorten the text at the end of a paragraph, sentence or word."""
    whole = visible(text).strip()
    if len(whole) <= longest:
        return whole
    head = whole[: longest - 1]
    for mark in ("\n\n", "\n", ". ", "! ", "? ", " "):
        place = head.rfind(mark)
        if place > longest // 2:
            return (head[: place + 1].rstrip() + " …")[:longest]
    return head + "…"


def _foreign_links(text: str, links: Sequence[str]) -> bool:
    joined = DOTTED_WORDS.sub(" ", text)
    for match in LINK.finditer(joined):
        link = match[0].rstrip(".,;:!?)")
        if not any(_is_under(link, allowed) for allowed in links):
            return True
    return False


def _is_under(link: str, allowed: str) -> bool:
    """Compare whole path segments: "wa.me/1" does not allow "wa.me/12"."""
    bare = re.sub(r"^https?://", "", link, flags=re.IGNORECASE).lower()
    wanted = re.sub(r"^https?://", "", allowed, flags=re.IGNORECASE).lower().rstrip("/")
    return bare == wanted or bare.startswith((wanted + "/", wanted + "?", wanted + "#"))


def _foreign_numbers(text: str, shown: Sequence[str]) -> bool:
    known = " ".join(joined_digits(visible(entry)) for entry in shown)
    for entry in shown:
        for masked in MASKED.findall(visible(entry)):
            text = text.replace(masked, " ")
    return any(run not in known for run in LONG_NUMBER.findall(joined_digits(text)))


def _repeats(text: str, instructions: str) -> bool:
    own = _runs_of_instructions(instructions)
    return not own.isdisjoint(_runs_of_words(text))


@lru_cache(maxsize=32)
def _runs_of_instructions(instructions: str) -> frozenset[tuple[str, ...]]:
    """Cached: the instructions are the same for each role and language."""
    return frozenset(_runs_of_words(instructions))


def _runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", plain(text))
    last = len(words) - REPEATED_WORDS + 1
    return {tuple(words[place : place + REPEATED_WORDS]) for place in range(last)}


@dataclass(frozen=True, slots=True)
class Review:
    """A text of the model as it would be sent, and its problems."""

    text: str
    problems: frozenset[Problem | Breach]

    @property
    def may_be_sent(self) -> bool:
        return bool(self.text) and not self.problems


def review(
    text: str, facts: Facts, *, links: Sequence[str] = (), instructions: str = ""
) -> Review:
    """Cut the text to one message, then check exactly what would be sent."""
    message = cut(text)
    claims = check_claims(message, facts).problems
    breaches = breaches_of(
        message, links=links, shown=facts.shown, instructions=instructions
    )
    return Review(text=message, problems=claims | breaches)
