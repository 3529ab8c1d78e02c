"""Named deadlines of one call, by an injected clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.core.clock import Clock

EARLY_S = 0.001
Act = Callable[[], Awaitable[None]]


@dataclass
class Timers:
    clock: Clock
    _set: dict[str, tuple[float, Act]] = field(default_factory=dict)

    def set(self, name: str, seconds: float, act: Act) -> None:
        """Run `act` in `seconds`; it replaces an earlier deadline of this name."""
        self._set[name] = (self.clock.now() + seconds, act)

    def cancel(self, *names: str) -> None:
        for name in names:
            self._set.pop(name, None)

    def clear(self) -> None:
        self._set.clear()

    def is_set(self, name: str) -> bool:
        return name in self._set

    def left(self) -> float | None:
        """Return the seconds to the next deadline; None without one."""
        if not self._set:
            return None
        return max(0.0, min(at for at, _ in self._set.values()) - self.clock.now())

    async def run_due(self) -> None:
        # A loop wakes up to a moment early: that is in time.
        now = self.clock.now() + EARLY_S
        due = sorted((at, name) for name, (at, _) in self._set.items() if at <= now)
        for at, name in due:
            # One that ran before may have changed or cancelled it.
            if self._set.get(name, (None,))[0] == at:
                _, act = self._set.pop(name)
                await act()
