"""When a recovery is over: two hours, and thirty conversations without a fault. Pure.

A stage that serves nobody has no conversations: there the time alone decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.policy.gate_words import length, some
from rollout.policy.stages import RECOVERY_CONVERSATIONS, RECOVERY_DWELL

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Recovery:
    elapsed: timedelta
    clean: int
    warnings: tuple[str, ...] = ()
    wanted: int = RECOVERY_CONVERSATIONS

    @property
    def is_over(self) -> bool:
        return (
            self.elapsed >= RECOVERY_DWELL
            and self.clean >= self.wanted
            and not self.warnings
        )

    @property
    def words(self) -> str:
        """Say how far it is."""
        told = f"Recovery: {length(self.elapsed)} of {length(RECOVERY_DWELL)}"
        if self.wanted:
            told += f", {self.clean} of {self.wanted} clean conversations"
        return f"{told}, but {some(self.warnings)}" if self.warnings else told
