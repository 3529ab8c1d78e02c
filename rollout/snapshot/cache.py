"""The snapshot cache: the one reference that checks read and refreshers replace."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING

from rollout.core.probes import is_probe
from rollout.policy import effective_flag
from rollout.policy.effective_flag import (
    FlagDecision,
    FlagReason,
    FlagRule,
    cohorts_only,
)
from rollout.snapshot.watchdog import Watchdog

if TYPE_CHECKING:
    from rollout.snapshot.reading import FlagReading


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All flags as of one epoch. `confirmed_at` is monotonic time."""

    version: int
    rules: dict[str, FlagRule]
    confirmed_at: float
    stale: bool = False
    # A full rollback is in force: the functions answer 410.
    functions_removed: bool = False
    # The evaluator is silent: features are on for their cohorts only.
    unwatched: bool = False

    def decide(self, feature: str, subject: str | None) -> FlagDecision:
        if self.stale:
            return FlagDecision(on=False, reason=FlagReason.STALE, version=self.version)
        return effective_flag.decide(
            self.rules.get(feature),
            subject,
            version=self.version,
            is_probe=is_probe(subject),
        )


NOTHING = Snapshot(version=0, rules={}, confirmed_at=float("-inf"), stale=True)


@dataclass(slots=True)
class SnapshotCache:
    snapshot: Snapshot = NOTHING
    lock: threading.Lock = field(default_factory=threading.Lock)
    tried_at: float = float("-inf")
    watchdog: Watchdog = field(default_factory=Watchdog)

    def publish(self, reading: FlagReading, *, started_at: float) -> None:
        """Replace the snapshot, unless a reading that began later is already there."""
        if started_at >= self.snapshot.confirmed_at:
            unwatched = self.watchdog.is_unwatched
            rules = reading.rules
            if unwatched:
                rules = {name: cohorts_only(rule) for name, rule in rules.items()}
            self.snapshot = Snapshot(
                version=reading.version,
                rules=rules,
                confirmed_at=started_at,
                functions_removed=reading.functions_removed,
                unwatched=unwatched,
            )

    def confirm(self, *, started_at: float) -> None:
        """Trust the same snapshot for longer: the epoch has not changed."""
        if started_at >= self.snapshot.confirmed_at:
            self.snapshot = replace(self.snapshot, confirmed_at=started_at)

    def age(self) -> float:
        return monotonic() - self.snapshot.confirmed_at


snapshot_cache = SnapshotCache()


def reset() -> None:
    """Reset the cache, as a forked child must."""
    snapshot_cache.snapshot = NOTHING
    snapshot_cache.lock = threading.Lock()
    snapshot_cache.tried_at = float("-inf")
    snapshot_cache.watchdog = Watchdog()
