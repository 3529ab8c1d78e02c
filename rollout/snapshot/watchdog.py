"""Notices that nobody judges any more, from within each serving process.

The evaluator's row carries a moment that moves with each look. A process that asks for
the switches twice a second reads it along, and measures by its own monotonic clock for
how long it has not moved: no clock that is set, no two machines that disagree and no
time in which the database was away can make it long or short.
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
# Whoever has not been able to look for so long begins to count again.
BLIND_S = 30.0


@dataclass(slots=True)
class Watchdog:
    """What one process has seen of the evaluator."""

    ticked_at: datetime | None = None
    moved: float = float("-inf")
    looked: float = float("-inf")
    is_exposed: bool = False
    has_paged: bool = False

    def look(self, ticked_at: datetime | None, *, is_exposed: bool, now: float) -> None:
        """Take in what was read just now; `is_exposed`: customers may be served."""
        if ticked_at != self.ticked_at or now - self.looked > BLIND_S:
            self.ticked_at, self.moved, self.has_paged = ticked_at, now, False
        self.looked, self.is_exposed = now, is_exposed

    @property
    def silent_s(self) -> float:
        """Return for how long the evaluator has not been heard of here."""
        return max(0.0, self.looked - self.moved)

    @property
    def is_unwatched(self) -> bool:
        """Tell whether everyone and percentages count as cohorts only, here."""
        return self.is_exposed and self.silent_s > FAIL_SAFE_S

    def must_page(self) -> bool:
        """Tell once a silence that somebody has to be told."""
        if self.has_paged or not self.is_exposed or self.silent_s <= PAGE_S:
            return False
        self.has_paged = True
        return True


# Called from a thread of its own when the evaluator is silent; the app fills it in.
on_silence: list[Callable[[float], None]] = []
