"""What the gates are judged by, as plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rollout.policy.stages import GateName, Stage, State, Terms, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Checked:
    """The newest run of the pre-flight or of the smoke tests."""

    passed: bool
    release: str
    at: datetime
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Costs:
    """What a channel's real conversations cost. `priced`: those with a known price."""

    conversations: int = 0
    priced: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums over the real conversations of this stay in the stage.

    ``p95_s``: for showing; whether it is too slow is told by the turns over 3 s.
    """

    conversations: int = 0
    # Those that broke down as a whole.
    broken: int = 0
    calls: int = 0
    failed: int = 0
    turns: int = 0
    slow: int = 0
    p95_s: float | None = None
    costs: dict[str, Costs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the gates ask for. None means that nobody can tell."""

    stage: Stage
    state: State
    entered_at: datetime
    now: datetime
    release: str
    state_reason: str = ""
    preflight: Checked | None = None
    smoke: Checked | None = None
    members: int = 0
    staff: int | None = None
    acknowledged: tuple[datetime, ...] = ()
    figures: Figures = Figures()
    cost_limits: Mapping[str, Decimal] = field(default_factory=dict)
    leaks: int = 0
    # How many lines somebody looked at for them: "none" must mean "looked".
    scanned: int = 0
    judged_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    unticked: tuple[str, ...] = ()
    on_call: int = 0
    unverified: tuple[str, ...] = ()
    announced_at: datetime | None = None
    waived: frozenset[GateName] = frozenset()

    @property
    def terms(self) -> Terms:
        return terms_of(self.stage)

    @property
    def elapsed(self) -> timedelta:
        """Return the time in the stage; none at all when a clock went backwards."""
        return max(timedelta(0), self.now - self.entered_at)
