"""The reason and the actor of a change, validated the same way everywhere."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from easymo.code_texts import blank_codes
from easymo.observability.privacy import scrub
from rollout.core.errors import InvalidChange, InvalidReason

# Control characters, surrogates, line and paragraph separators, and the characters
# that change the direction of writing.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
DIRECTION_MARKS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def valid_reason(reason: str) -> str:
    """Return the reason stripped and masked; refuse an empty, long or unprintable one."""
    stripped = reason.strip()
    if not 1 <= len(stripped) <= 500:
        raise InvalidReason("A reason has 1 to 500 characters.")
    if any(is_unprintable(character) for character in stripped):
        raise InvalidReason("A reason has no control characters.")
    return scrub(blank_codes(stripped))[:500]


def is_unprintable(character: str) -> bool:
    return (
        unicodedata.category(character) in UNPRINTABLE
        or unicodedata.bidirectional(character) in DIRECTION_MARKS
    )


def valid_actor(actor: str) -> str:
    stripped = actor.strip()
    if not 1 <= len(stripped) <= 150 or not stripped.isprintable():
        raise InvalidChange("A name has 1 to 150 printable characters.")
    return stripped


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """Actor, reason and source of a change; `override`: against the gates."""

    actor: str
    reason: str
    source: str
    override: bool = False


def valid_change_reason(
    *, reason: str, actor: str, source: str, override: bool = False
) -> ChangeReason:
    """Return the validated reason and actor of a change."""
    return ChangeReason(valid_actor(actor), valid_reason(reason), source, override)
