"""Who does a thing and why, held to the same rules on every road."""

from __future__ import annotations

import unicodedata

from rollout.errors import InvalidChange, InvalidReason


def valid_reason(reason: str) -> str:
    """Return the reason stripped; refuse an empty, long or unprintable one."""
    stripped = reason.strip()
    if not 1 <= len(stripped) <= 500:
        raise InvalidReason("A reason has 1 to 500 characters.")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in stripped):
        raise InvalidReason("A reason has no control characters.")
    return stripped


def valid_actor(actor: str) -> str:
    stripped = actor.strip()
    if not 1 <= len(stripped) <= 150 or not stripped.isprintable():
        raise InvalidChange("A name has 1 to 150 printable characters.")
    return stripped
