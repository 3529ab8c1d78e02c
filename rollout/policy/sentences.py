"""A verdict in one sentence, built from its numbers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout.policy.verdicts import Guardrail, Level

if TYPE_CHECKING:
    from rollout.policy.verdicts import Verdict


def sentence_of(verdict: Verdict) -> str:
    """Say what is wrong, how much, where and by how many conversations."""
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
