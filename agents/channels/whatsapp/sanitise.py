"""Make what a stranger wrote safe to store as text."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")
# Marks that turn the direction of what stands beside them: a name could disguise.
BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST_TEXT = 4_096
TOKEN = re.compile(r"[a-z][a-z0-9_]{0,23}", re.ASCII)


def clean_text(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return a text with its line breaks, without what PostgreSQL refuses."""
    if not isinstance(value, str):
        return ""
    # Windows' line ends first; a lone surrogate is no character at all.
    text = value[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")
    text = CONTROL_BUT_BREAKS.sub("", SURROGATE.sub("\ufffd", text))
    return text[:limit]


def clean_line(value: object, limit: int) -> str:
    """Return one line without control or direction marks."""
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        return ""
    line = CONTROL.sub(" ", SURROGATE.sub("\ufffd", BIDI.sub("", value[: limit * 2])))
    return line.strip()[:limit]


def clean_token(value: object) -> str:
    """Return one of the provider's lower-case words, or ""."""
    return value if isinstance(value, str) and TOKEN.fullmatch(value) else ""
