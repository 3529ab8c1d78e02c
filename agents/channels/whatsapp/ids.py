"""The names that the provider gives to people, messages and moments."""

from __future__ import annotations

import re
from typing import Any

from agents.channels.whatsapp.sanitise import clean_line

LONGEST_ID = 512
LATEST_TIMESTAMP = 253_402_300_799

NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
PARENT = re.compile(r"[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}", re.ASCII)


def identifier(parent: object, *names: str) -> str:
    """Return the first identifier under these names as it is, or "" for none."""
    if not isinstance(parent, dict):
        return ""
    for name in names:
        value = parent.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
            continue
        if value == clean_line(value, LONGEST_ID):
            return value
    return ""


def number_in(text: str) -> str:
    """Return E.164 with "+", or "" when the text is no number."""
    found = NUMBER.fullmatch(text)
    return f"+{found[1]}" if found else ""


def bsuid_in(text: str) -> str:
    """Return a business-scoped user id: opaque, its case and dots kept."""
    return text if BSUID.fullmatch(text) else ""


def parent_in(text: str) -> str:
    return text if PARENT.fullmatch(text) else ""


def timestamp_of(item: dict[str, Any]) -> int | None:
    """Return seconds since 1970, when the provider told them in its way."""
    value = identifier(item, "timestamp")
    if re.fullmatch(r"[0-9]{1,12}", value, re.ASCII):
        seconds = int(value)
        return seconds if seconds <= LATEST_TIMESTAMP else None
    return None
