"""The phases of a running call."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    # The settings are not answered yet.
    OPENING = "opening"
    GREETING = "greeting"
    TALKING = "talking"
    TRANSFERRING = "transferring"
    ENDING = "ending"
    OVER = "over"


# The caller is answered, and tools run.
SERVING = frozenset({Phase.GREETING, Phase.TALKING})
# Nothing begins any more.
CLOSING = frozenset({Phase.ENDING, Phase.OVER})
