"""Decide what to do about verdicts: the decision matrix of the guide, made complete.

Pure: verdicts and circumstances in, one decision out. No decision turns a feature on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollout.core.features import Feature
from rollout.policy.verdicts import (
    Action,
    Guardrail,
    Level,
    Severity,
    Verdict,
    sentence_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANNEL_FEATURES = {"chat": Feature.CHAT, "voice": Feature.VOICE}
ALL = frozenset(Feature)

MINUTE = 60
IMMEDIATELY_S = 0
FIVE_MINUTES_S = 5 * MINUTE
THIRTY_MINUTES_S = 30 * MINUTE

HIGH_ERROR = 0.50
ERROR = 0.20
COST_SPIKE = 5.0
FAILED_PROBES = 5
LOCALISED = 0.80
UNATTENDED_LIMIT_MIN = 30.0
NO_DATA_LIMIT_MIN = 60.0
MAX_PARTIALS_A_DAY = 2
MAX_ACTIONS_A_DAY = 3
# An override does not prevent these rollbacks: they protect data and money.
NOT_OVERRIDABLE = frozenset({Guardrail.PII, Guardrail.SPEND})

ALL_HOLD = "All guardrails hold."


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the decision depends on besides the verdicts.

    ``warn_acts``: a warning causes a rollback (smoke and beta, where a false one is
    cheap). ``partials`` and ``actions``: automatic ones of the last 24 hours.
    ``recent``: the actions within the cooldown, by the key of the verdict.
    ``held_back``: an override is in force.
    """

    stage: str = "production"
    warn_acts: bool = False
    partials: int = 0
    actions: int = 0
    recent: Mapping[str, Action] = field(default_factory=dict)
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """An action with its severity, its deadline and the verdict that caused it."""

    action: Action
    severity: Severity = Severity.LOW
    features: frozenset[Feature] = frozenset()
    deadline_s: int = THIRTY_MINUTES_S
    frozen: bool = False
    because: Verdict | None = None

    @property
    def key(self) -> str:
        """Return the key of the verdict that caused it."""
        return self.because.key if self.because else ""

    @property
    def sentence(self) -> str:
        """Return the reason, with its figures."""
        if self.because is None:
            return ALL_HOLD
        return sentence_of(self.because)


NO_DECISION = Decision(Action.NONE)


def decide(verdicts: list[Verdict], now: Circumstances) -> Decision:
    """Return the strongest of the decisions on each verdict."""
    decisions = [_apply_override(_decide_one(each, now), now) for each in verdicts]
    decisions = [each for each in decisions if not _is_repeat(each, now)]
    worst = max(
        decisions,
        key=lambda each: (each.action, _RANK[each.severity]),
        default=NO_DECISION,
    )
    if worst.action == Action.PARTIAL and now.partials + 1 >= MAX_PARTIALS_A_DAY:
        worst = _quick(worst.because, Severity.HIGH)
    if worst.action > Action.HOLD and now.actions >= MAX_ACTIONS_A_DAY:
        # Repeated failures need a person: everything off, and frozen.
        return Decision(
            max(worst.action, Action.QUICK),
            worst.severity,
            ALL,
            worst.deadline_s,
            frozen=True,
            because=worst.because,
        )
    return worst


def _is_repeat(decision: Decision, now: Circumstances) -> bool:
    """Tell whether the same or a stronger action was taken within the cooldown."""
    is_cooling = now.recent.get(decision.key, Action.NONE) >= decision.action
    return decision.action > Action.HOLD and is_cooling


def _apply_override(decision: Decision, now: Circumstances) -> Decision:
    verdict = decision.because
    if (
        not now.held_back
        or verdict is None
        or decision.action <= Action.HOLD
        or verdict.guardrail in NOT_OVERRIDABLE
    ):
        return decision
    return _hold(verdict, decision.severity)


def _decide_one(verdict: Verdict, now: Circumstances) -> Decision:
    acts = verdict.level == Level.BREACH or (
        verdict.level == Level.WARN and now.warn_acts
    )
    if acts:
        return _BREACHES[verdict.guardrail](verdict, now)
    if verdict.level == Level.WARN:
        return _hold(verdict, Severity.LOW)
    if verdict.level == Level.NO_DATA:
        return _no_data(verdict, now)
    return NO_DECISION


def _pii(verdict: Verdict, now: Circumstances) -> Decision:
    if verdict.level != Level.BREACH:
        # A possible leak only: a person checks it.
        return _hold(verdict, Severity.HIGH)
    return Decision(
        Action.FULL, Severity.CRITICAL, ALL, IMMEDIATELY_S, frozen=True, because=verdict
    )


def _value(verdict: Verdict, now: Circumstances) -> Decision:
    # A voucher redeemed twice or by the wrong person: vouchers off, conversations on.
    features = frozenset({Feature.VOUCHERS})
    return Decision(
        Action.PARTIAL, Severity.CRITICAL, features, IMMEDIATELY_S, because=verdict
    )


def _success(verdict: Verdict, now: Circumstances) -> Decision:
    if verdict.value > HIGH_ERROR:
        return _quick(verdict, Severity.CRITICAL)
    localised = verdict.share_here >= LOCALISED
    if verdict.value > ERROR:
        if localised:
            return _partial(verdict, Severity.HIGH, FIVE_MINUTES_S)
        return _quick(verdict, Severity.HIGH)
    if localised:
        return _partial(verdict, Severity.MEDIUM, THIRTY_MINUTES_S)
    if now.stage == "infrastructure":
        # There is no previous stage.
        return _quick(verdict, Severity.MEDIUM)
    return Decision(
        Action.DEMOTE, Severity.MEDIUM, frozenset(), THIRTY_MINUTES_S, because=verdict
    )


def _latency(verdict: Verdict, now: Circumstances) -> Decision:
    waited = verdict.unattended_min >= UNATTENDED_LIMIT_MIN
    if verdict.is_very_slow or now.stage != "production" or waited:
        return _partial(verdict, Severity.MEDIUM, THIRTY_MINUTES_S)
    return _hold(verdict, Severity.MEDIUM)


def _cost(verdict: Verdict, now: Circumstances) -> Decision:
    if verdict.value >= COST_SPIKE:
        return _quick(verdict, Severity.HIGH)
    if verdict.unattended_min >= UNATTENDED_LIMIT_MIN:
        return _partial(verdict, Severity.MEDIUM, THIRTY_MINUTES_S)
    return _hold(verdict, Severity.MEDIUM)


def _spend(verdict: Verdict, now: Circumstances) -> Decision:
    return _quick(verdict, Severity.HIGH)


def _probe(verdict: Verdict, now: Circumstances) -> Decision:
    if verdict.value >= FAILED_PROBES:
        return _quick(verdict, Severity.CRITICAL)
    return _hold(verdict, Severity.HIGH)


def _no_data(verdict: Verdict, now: Circumstances) -> Decision:
    is_exposed = now.stage in {"beta", "production"}
    if verdict.guardrail != Guardrail.DATA:
        # One guardrail without data blocks promotion and rolls nothing back.
        return _hold(verdict, Severity.LOW)
    if is_exposed and verdict.unattended_min >= NO_DATA_LIMIT_MIN:
        return _quick(verdict, Severity.HIGH)
    return _hold(verdict, Severity.MEDIUM)


def _quick(verdict: Verdict | None, severity: Severity) -> Decision:
    return Decision(Action.QUICK, severity, ALL, FIVE_MINUTES_S, because=verdict)


def _partial(verdict: Verdict, severity: Severity, deadline_s: int) -> Decision:
    feature = CHANNEL_FEATURES.get(verdict.channel)
    if feature is None:
        return _quick(verdict, severity)
    return Decision(
        Action.PARTIAL, severity, frozenset({feature}), deadline_s, because=verdict
    )


def _hold(verdict: Verdict, severity: Severity) -> Decision:
    return Decision(Action.HOLD, severity, because=verdict)


_BREACHES = {
    Guardrail.PII: _pii,
    Guardrail.VALUE: _value,
    Guardrail.SUCCESS: _success,
    Guardrail.LATENCY: _latency,
    Guardrail.COST: _cost,
    Guardrail.SPEND: _spend,
    Guardrail.PROBE: _probe,
    Guardrail.DATA: _no_data,
}
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
