"""A sentence as it is kept for training: its values replaced by slots."""

from __future__ import annotations

import re

from agents.language.sentence_model import score
from agents.offline.slots import read_slots

LONGEST = 500
LANGUAGES = ("en", "fr", "rw", "sw", "mixed")


def with_slots(text: str) -> str:
    """Return the text with `{c}`, `{v}`, `{n}` and `{a}` in place of its values."""
    text = re.sub(r"\[(?:mistyped )?code[^\]]*\]", "{c}", text.replace("|", " "))
    text = read_slots(text).typed.replace("@v", "{v}").replace("@n", "{n}")
    lines = text.replace("#", "{a}").splitlines()
    return "⏎".join(" ".join(line.split()) for line in lines)[:LONGEST]


def intents() -> tuple[str, ...]:
    """Return the intents that a sentence may be taught as."""
    return tuple(score("").intents)
