"""What a guardrail says, and the words that the rest of the policy uses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Guardrail(StrEnum):
    """What is watched. An unknown name cannot be built, so none passes silently."""

    SUCCESS = "success"
    LATENCY = "latency"
    COST = "cost"
    PII = "pii"
    PROBE = "probe"
    SPEND = "spend"
    VALUE = "value"
    DATA = "data"


class Level(StrEnum):
    """NO_DATA is a verdict of its own: it never passes a gate and never rolls back."""

    OK = "ok"
    NO_DATA = "no_data"
    WARN = "warn"
    BREACH = "breach"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(IntEnum):
    """From the mildest to the hardest: of several the hardest is taken."""

    NONE = 0
    HOLD = 1
    DEMOTE = 2
    PARTIAL = 3
    QUICK = 4
    FULL = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One guardrail on one channel, with the figures behind it.

    ``value``: success and latency as the bad share (0 to 1), cost and spend as a
    multiple of what is expected, probes as failures in a row, PII and value as a
    count. ``p95_s``: seconds, for latency. ``share_here``: how much of all badness of
    this guardrail lies on this channel (0 to 1).
    """

    guardrail: Guardrail
    channel: str
    level: Level
    value: float = 0.0
    n: int = 0
    evidence: float = 0.0
    p95_s: float | None = None
    share_here: float = 1.0
    # Minutes since the breach, or the silence, began without anybody taking it on.
    unattended_min: float = 0.0
