"""Guardrails without statistics: one is enough, or so many in a row. Pure.

A figure that is None could not be had; that is no good news, and no breach either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.policy.verdicts import Guardrail, Level, Verdict

if TYPE_CHECKING:
    from rollout.policy.guardrails import Policy


@dataclass(frozen=True, slots=True)
class Facts:
    """Counted since the stay in the stage began. Spending in US dollars."""

    leaks: int | None = None
    # What looks like personal data and is not known to be any.
    candidates: int = 0
    value_errors: int | None = None
    spent_hour: float | None = None
    spent_day: float | None = None
    failed_probes: int | None = None
    # Minutes without a conversation and without a probe; None: nothing is awaited.
    silent_min: float | None = None
    silence_is_attended: bool = False


def triggered(facts: Facts, policy: Policy) -> list[Verdict]:
    """Return one verdict a trigger."""
    return [
        _leaks(facts),
        _any(Guardrail.VALUE, facts.value_errors),
        _spend(facts, policy),
        _probe(facts, policy),
        _silence(facts, policy),
    ]


def _any(guardrail: Guardrail, count: int | None) -> Verdict:
    if count is None:
        return Verdict(guardrail, "", Level.NO_DATA)
    level = Level.BREACH if count else Level.OK
    return Verdict(guardrail, "", level, value=float(count), evidence=float(count > 0))


def _leaks(facts: Facts) -> Verdict:
    verdict = _any(Guardrail.PII, facts.leaks)
    if verdict.level != Level.OK or not facts.candidates:
        return verdict
    count = float(facts.candidates)
    return Verdict(Guardrail.PII, "", Level.WARN, value=count, evidence=0.5)


def _spend(facts: Facts, policy: Policy) -> Verdict:
    if facts.spent_hour is None or facts.spent_day is None:
        return Verdict(Guardrail.SPEND, "", Level.NO_DATA)
    used = max(
        facts.spent_hour / policy.spend_an_hour, facts.spent_day / policy.spend_day
    )
    level = Level.BREACH if used >= 1.0 else Level.OK
    return Verdict(Guardrail.SPEND, "", level, value=used, evidence=round(used, 4))


def _probe(facts: Facts, policy: Policy) -> Verdict:
    failed = facts.failed_probes
    if failed is None:
        return Verdict(Guardrail.PROBE, "", Level.NO_DATA)
    level = Level.OK
    if failed >= policy.probes_breach:
        level = Level.BREACH
    elif failed >= policy.probes_warn:
        level = Level.WARN
    evidence = round(failed / policy.probes_breach, 4)
    return Verdict(Guardrail.PROBE, "", level, value=float(failed), evidence=evidence)


def _silence(facts: Facts, policy: Policy) -> Verdict:
    silent = facts.silent_min
    after = policy.silence_after_min()
    if silent is None or silent < after:
        return Verdict(Guardrail.DATA, "", Level.OK, value=silent or 0.0)
    return Verdict(
        Guardrail.DATA,
        "",
        Level.NO_DATA,
        value=silent,
        evidence=1.0,
        unattended_min=0.0 if facts.silence_is_attended else silent - after,
    )
