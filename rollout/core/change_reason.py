"""Who does a thing and why, held to the same rules on every road."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from easymo.observability.privacy import scrub
from rollout.core.errors import InvalidChange, InvalidReason

# Control characters, halves of a pair, line and paragraph separators, and the
# marks that turn the direction of writing: a sentence reads as it was typed.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def valid_reason(reason: str) -> str:
    """Return the reason stripped and scrubbed: whoever may look may read it.

    Refuse an empty, long or unprintable one.
    """
    stripped = reason.strip()
    if not 1 <= len(stripped) <= 500:
        raise InvalidReason("A reason has 1 to 500 characters.")
    if any(is_unprintable(character) for character in stripped):
        raise InvalidReason("A reason has no control characters.")
    return scrub(stripped)[:500]


def is_unprintable(character: str) -> bool:
    return (
        unicodedata.category(character) in UNPRINTABLE
        or unicodedata.bidirectional(character) in TURNING
    )


def valid_actor(actor: str) -> str:
    stripped = actor.strip()
    if not 1 <= len(stripped) <= 150 or not stripped.isprintable():
        raise InvalidChange("A name has 1 to 150 printable characters.")
    return stripped


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """Who moves the plan, why and from where; `override`: against the gates."""

    actor: str
    reason: str
    source: str
    override: bool = False


def valid_change_reason(
    *, reason: str, actor: str, source: str, override: bool = False
) -> ChangeReason:
    """Hold who and why to the rules that every road shares."""
    return ChangeReason(valid_actor(actor), valid_reason(reason), source, override)
