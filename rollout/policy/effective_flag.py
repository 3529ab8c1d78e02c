"""Decide whether a feature is on for one subject. Pure.

The first match decides: no row, forced off by the environment, off, on for everyone,
member of a cohort, a probe (when the feature is on for anyone), within the percentage.
Otherwise the feature is off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256


class FlagReason(StrEnum):
    FORCED_OFF = "forced off by the environment"
    STALE = "the flags cannot be read"
    MISSING = "no such flag"
    OFF = "off"
    EVERYONE = "on for everyone"
    COHORT = "member of a cohort"
    PERCENT = "within the percentage"
    PROBE = "a probe, and on for someone"
    EXCLUDED = "not in the cohorts or the percentage"
    UNWATCHED = "the evaluator is silent: on for cohorts only"


@dataclass(frozen=True, slots=True)
class FlagRule:
    """The row of one feature: `everyone` is True, False, or None for a limited audience."""

    flag: str
    everyone: bool | None
    salt: str = ""
    threshold: int = 0  # the first `threshold` of 10,000 buckets are on
    cohorts: frozenset[str] = field(default_factory=frozenset)
    members: frozenset[str] = field(default_factory=frozenset)
    forced_off: bool = False
    # The evaluator is silent: on for cohorts only.
    unwatched: bool = False


@dataclass(frozen=True, slots=True)
class FlagDecision:
    on: bool
    reason: FlagReason
    version: int = 0


def reason_for(
    rule: FlagRule | None, subject: str | None, *, is_probe: bool = False
) -> FlagReason:
    if rule is None:
        return FlagReason.MISSING
    if rule.forced_off:
        return FlagReason.FORCED_OFF
    if rule.everyone is not None:
        return FlagReason.EVERYONE if rule.everyone else FlagReason.OFF
    return _limited(rule, subject, is_probe=is_probe)


def _limited(rule: FlagRule, subject: str | None, *, is_probe: bool) -> FlagReason:
    if subject is not None and subject in rule.members:
        return FlagReason.COHORT
    if is_probe and is_on_for_anyone(rule):
        return FlagReason.PROBE
    if is_in_share(rule, subject):
        return FlagReason.PERCENT
    return FlagReason.UNWATCHED if rule.unwatched else FlagReason.EXCLUDED


def cohorts_only(rule: FlagRule) -> FlagRule:
    """Return the rule limited to its cohorts; a feature that is off stays off."""
    if rule.everyone is False:
        return rule
    return replace(rule, everyone=None, threshold=0, unwatched=True)


def is_in_share(rule: FlagRule, subject: str | None) -> bool:
    """Tell whether the bucket of the subject is on; 100 % includes unknown subjects."""
    if subject is None or rule.threshold in {0, BUCKETS}:
        return rule.threshold == BUCKETS
    return bucket(salt=rule.salt, flag=rule.flag, subject=subject) < rule.threshold


ON = frozenset(
    {FlagReason.EVERYONE, FlagReason.COHORT, FlagReason.PROBE, FlagReason.PERCENT}
)


def decide(
    rule: FlagRule | None,
    subject: str | None,
    *,
    version: int = 0,
    is_probe: bool = False,
) -> FlagDecision:
    """Decide for one subject; None is an unknown person."""
    reason = reason_for(rule, subject, is_probe=is_probe)
    return FlagDecision(on=reason in ON, reason=reason, version=version)


def is_on_for_anyone(rule: FlagRule | None) -> bool:
    """Tell whether the feature may be on for anyone; an empty cohort counts."""
    if rule is None or rule.forced_off:
        return False
    if rule.everyone is not None:
        return rule.everyone
    return rule.threshold > 0 or bool(rule.cohorts)


def is_on_for_everyone(rule: FlagRule | None) -> bool:
    if rule is None or rule.forced_off:
        return False
    return bool(rule.everyone) or (rule.everyone is None and rule.threshold >= BUCKETS)


BUCKETS = 10_000


def bucket(*, salt: str, flag: str, subject: str) -> int:
    """Return 0 to 9,999; the same for the same subject while the percentage grows.

    ``voucher_feature_on`` in the database computes the same: seven bytes fit its integer.
    """
    digest = sha256(f"{salt}:{flag}:{subject}".encode()).digest()
    return int.from_bytes(digest[:7]) % BUCKETS
