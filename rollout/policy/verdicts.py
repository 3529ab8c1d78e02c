"""Verdicts of the guardrails: their levels, their figures and their sentence. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any


def sentence_of(verdict: Verdict) -> str:
    """Return one sentence with the figures, the channel and the number of conversations."""
    where = f" on {verdict.channel}" if verdict.channel else ""
    if verdict.level == Level.NO_DATA and verdict.guardrail != Guardrail.DATA:
        return f"No figures for {verdict.guardrail}{where}."
    count = f" over {verdict.n} conversations" if verdict.n else ""
    value = verdict.value
    match verdict.guardrail:
        case Guardrail.SUCCESS:
            words = f"{value:.0%} of tool calls fail{where}{count}"
        case Guardrail.LATENCY:
            words = f"{value:.0%} of turns are too slow{where}{_p95(verdict)}{count}"
        case Guardrail.COST:
            words = f"a conversation costs {value:.1f} times what is planned"
            words += f"{where}{count}"
        case Guardrail.SPEND:
            words = f"spending is at {value:.1f} times its cap"
        case Guardrail.PROBE:
            words = f"{value:.0f} probes in a row failed"
        case Guardrail.PII:
            words = _leaks(verdict)
        case Guardrail.VALUE:
            words = f"{value:.0f} vouchers broke a rule of value"
        case Guardrail.DATA:
            words = f"no figures for {value:.0f} minutes, and no probe either"
    return words[0].upper() + words[1:] + "."


def _p95(verdict: Verdict) -> str:
    return f", p95 {verdict.p95_s:.1f} s" if verdict.p95_s is not None else ""


def _leaks(verdict: Verdict) -> str:
    if verdict.level == Level.WARN:
        return f"{verdict.value:.0f} lines of log look like personal data"
    times = "once" if verdict.value == 1 else f"{verdict.value:.0f} times"
    return f"personal data reached a log {times}"


# The evaluator runs each minute. After this time without a run it counts as silent.
EVALUATOR_SILENT_AFTER = timedelta(minutes=3)


class Guardrail(StrEnum):
    """What is watched. An enum, so that a misspelt name is an error."""

    SUCCESS = "success"
    LATENCY = "latency"
    COST = "cost"
    PII = "pii"
    PROBE = "probe"
    SPEND = "spend"
    VALUE = "value"
    DATA = "data"


class Level(StrEnum):
    """NO_DATA never passes a gate and, alone, never causes a rollback."""

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
    """From the weakest to the strongest: of several the strongest is taken."""

    NONE = 0
    HOLD = 1
    DEMOTE = 2
    PARTIAL = 3
    QUICK = 4
    FULL = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of one guardrail on one channel, with its figures.

    ``value``: for success and latency the bad share (0 to 1), for cost a multiple of
    the expected cost, for spend a multiple of its cap, for probes the failures in a
    row, for PII and value a count. ``evidence``: 1 fires. ``p95_s``: of latency, in
    seconds. ``is_very_slow``: proven slower than ten seconds. ``share_here``: the share
    of all badness of this guardrail on this channel (0 to 1).
    """

    guardrail: Guardrail
    channel: str
    level: Level
    value: float = 0.0
    n: int = 0
    evidence: float = 0.0
    p95_s: float | None = None
    is_very_slow: bool = False
    share_here: float = 1.0
    # Minutes since the breach or the silence began without a commander.
    unattended_min: float = 0.0
    # When the detector fired; since when the figures are bad. ISO 8601 or "".
    fired_at: str = ""
    began_at: str = ""

    @property
    def key(self) -> str:
        """Return the key of guardrail and channel: `success:chat`."""
        return f"{self.guardrail}:{self.channel}" if self.channel else self.guardrail

    def as_json(self) -> dict[str, Any]:
        """Return the fields to store; those with their default value are left out."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name in ALWAYS or value != DEFAULTS[name]
        }


def from_json(stored: dict[str, Any]) -> Verdict:
    """Return a stored verdict; missing fields have their default value."""
    known = {name: stored[name] for name in FIELDS if name in stored}
    return Verdict(
        **known
        | {
            "guardrail": Guardrail(stored["guardrail"]),
            "level": Level(stored["level"]),
        }
    )


FIELDS = tuple(field.name for field in fields(Verdict))
ALWAYS = {"guardrail", "channel", "level", "value", "n", "evidence"}
DEFAULTS = {field.name: field.default for field in fields(Verdict)}
