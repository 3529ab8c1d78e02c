"""Recognise the language of a message that is made of fixed texts."""

from __future__ import annotations

import re
from functools import cache

from agents.language.texts import LANGUAGES, TEXTS

# Not written in a chat, or only beside a call or a page.
ELSEWHERE = ("phone.", "pin.", "pin_page.", "station.")
_VALUE = re.compile(r"\\\{\w+\\\}")


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(_VALUE.sub(r"(?:.|\\n)+", re.escape(text)))
        for key, text in TEXTS[language].items()
        if len(_VALUE.sub("", re.escape(text))) > 8
        and not key.startswith(("lookup.found", "list.line", "heard", *ELSEWHERE))
    )


def spoken_in(text: str) -> set[str]:
    """Return the languages in which a fixed text is the whole text or its first line."""
    parts = (text, text.split("\n", maxsplit=1)[0])
    return {
        language
        for language in LANGUAGES
        if any(p.fullmatch(part) for p in _patterns(language) for part in parts)
    }
