"""Which features are on for a subject; and the guard of voucher transactions.

Exposure is read from the snapshot, without a query. The guard reads the database behind
the fence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.core.features import Feature
from rollout.policy import effective_flag
from rollout.snapshot import flag_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Exposure:
    """The four features for one subject, checked once and passed down as a value."""

    chat: bool
    voice: bool
    vouchers: bool
    customer_lookup: bool
    version: int
    reasons: Mapping[Feature, str]


def exposure_of(subject: str | None) -> Exposure:
    """Check all four in one snapshot; None is an unknown person."""
    now = flag_snapshot.current()
    decided = {feature: now.decide(feature, subject) for feature in Feature}
    return Exposure(
        chat=decided[Feature.CHAT].on,
        voice=decided[Feature.VOICE].on,
        vouchers=decided[Feature.VOUCHERS].on,
        customer_lookup=decided[Feature.CUSTOMER_LOOKUP].on,
        version=now.version,
        reasons={feature: str(d.reason) for feature, d in decided.items()},
    )


is_on = flag_snapshot.is_on
is_known_off = flag_snapshot.is_known_off


def is_on_for_anyone(feature: Feature) -> bool:
    now = flag_snapshot.current()
    return not now.stale and effective_flag.is_on_for_anyone(now.rules.get(feature))


def is_on_for_everyone(feature: Feature) -> bool:
    now = flag_snapshot.current()
    return not now.stale and effective_flag.is_on_for_everyone(now.rules.get(feature))


def functions_are_removed() -> bool:
    """Tell whether a full rollback has removed the functions."""
    return flag_snapshot.current().functions_removed
