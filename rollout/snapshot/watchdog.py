"""Detect a silent evaluator in each serving process.

The row of the evaluator has a time that changes with each evaluation. Each process reads
it with the epoch, twice a second, and measures with its own monotonic clock for how long
it has not changed. Clock changes, clocks that differ between machines and times without
a database do not affect the measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.policy.verdicts import EVALUATOR_SILENT_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

PAGE_S = EVALUATOR_SILENT_AFTER.total_seconds()
FAIL_SAFE_S = 900.0
# After this time without a reading the measurement starts again.
BLIND_S = 30.0


@dataclass(slots=True)
class Watchdog:
    """What one process knows about the evaluator."""

    ticked_at: datetime | None = None
    moved: float = float("-inf")
    looked: float = float("-inf")
    is_exposed: bool = False
    has_paged: bool = False

    def observe(
        self, ticked_at: datetime | None, *, is_exposed: bool, now: float
    ) -> None:
        """Record a reading; `is_exposed`: customers may be served."""
        if ticked_at != self.ticked_at or now - self.looked > BLIND_S:
            self.ticked_at, self.moved, self.has_paged = ticked_at, now, False
        self.looked, self.is_exposed = now, is_exposed

    @property
    def silent_s(self) -> float:
        """Return the seconds since the last change that this process saw."""
        return max(0.0, self.looked - self.moved)

    @property
    def is_unwatched(self) -> bool:
        """Tell whether this process limits features to their cohorts."""
        return self.is_exposed and self.silent_s > FAIL_SAFE_S

    def must_page(self) -> bool:
        """Return True once for each silence that must be reported."""
        if self.has_paged or not self.is_exposed or self.silent_s <= PAGE_S:
            return False
        self.has_paged = True
        return True


# Called in a thread when the evaluator is silent; registered by the app.
on_silence: list[Callable[[float], None]] = []
