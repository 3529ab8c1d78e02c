"""What the gates are judged by, as plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from rollout.core.formatting import approximate_duration, count, floored_share
from rollout.policy.stages import GateName, Stage, StageTerms, State, terms_of
from rollout.policy.statistics import binomial_cdf, clopper_pearson_lower, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The newest run of the pre-flight or of the smoke tests."""

    passed: bool
    release: str
    at: datetime
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelCosts:
    """What a channel's real conversations cost. `priced`: those with a known price."""

    conversations: int = 0
    priced: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class StageFigures:
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
    costs: dict[str, ChannelCosts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything the gates ask for. None means that nobody can tell."""

    stage: Stage
    state: State
    entered_at: datetime
    now: datetime
    release: str
    state_reason: str = ""
    preflight: CheckResult | None = None
    smoke: CheckResult | None = None
    members: int = 0
    staff: int | None = None
    acknowledged: tuple[datetime, ...] = ()
    figures: StageFigures = StageFigures()
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
    def terms(self) -> StageTerms:
        return terms_of(self.stage)

    @property
    def elapsed(self) -> timedelta:
        """Return the time in the stage; none at all when a clock went backwards."""
        return max(timedelta(0), self.now - self.entered_at)


MET, FAIL, PENDING, NO_DATA = "pass", "fail", "pending", "no_data"

RATE, LOWER, ALPHA = 0.95, 0.90, 0.05
# Fewer prove nothing, whatever they say.
CONVERSATIONS = 100
SLOW_S, SLOW_SHARE = 3, 0.05
# The guide's limit for a chat; other channels have what is planned for them.
COST_USD = Decimal("0.10")
# Beyond so many the exact bound costs more than it tells.
EXACT = 2000
# Of fewer lines a share says nothing.
LEAST_LINES = 30
LOOK_AHEAD = 2000


@dataclass(frozen=True, slots=True)
class FigureResult:
    verdict: str
    value: str
    need: str
    forecast: str = ""


def volume(facts: GateFacts) -> FigureResult:
    """Count real conversations; scripted ones are none."""
    have, need = facts.figures.conversations, facts.terms.min_conversations
    value = f"{have} of {need} conversations"
    words = f"{need} real conversations"
    if have >= need:
        return FigureResult(MET, value, words)
    return FigureResult(
        PENDING, value, words, at_this_rate(need - have, have, facts.elapsed)
    )


def success(facts: GateFacts) -> FigureResult:
    """Ask for 95 % on the whole, and for 90 % being all but certain."""
    figures = facts.figures
    need = "at least 95 %, and 90 % at 95 % confidence"
    n = figures.conversations
    if not figures.calls or not n:
        return FigureResult(NO_DATA, "no tool calls yet", need)
    # A conversation that broke down is bad as a whole, whatever its calls said.
    rate = 1 - max(figures.failed / figures.calls, figures.broken / n)
    value = (
        f"{floored_share(rate)} of {count(figures.calls, 'call')},"
        f" at least {floored_share(lower_bound(rate, n))} ({count(n, 'conversation')})"
    )
    if rate >= RATE and n >= CONVERSATIONS and is_proven(rate, n):
        return FigureResult(MET, value, need)
    if rate < RATE:
        return FigureResult(FAIL, value, need, "not at this rate")
    missing = conversations_needed(rate, n) - n
    when = at_this_rate(missing, n, facts.elapsed)
    return FigureResult(
        PENDING, value, need, f"{count(missing, 'more conversation')}, {when}"
    )


def is_proven(rate: float, n: int) -> bool:
    """Tell whether Clopper-Pearson's lower bound reaches 90 %."""
    # As a tail of failures: few terms, however many conversations.
    return binomial_cdf(n - good(rate, n), n, 1 - LOWER) <= ALPHA


def good(rate: float, n: int) -> int:
    """Return how many whole conversations went well, rounded down."""
    return int(rate * n + 1e-9)


def lower_bound(rate: float, n: int) -> float:
    if n > EXACT:
        return wilson(good(rate, n), n, z=1.645)[0]
    return clopper_pearson_lower(good(rate, n), n, ALPHA)


def conversations_needed(rate: float, n: int) -> int:
    """Return with how many conversations in all this rate is proven."""
    start = max(n, CONVERSATIONS)
    for wanted in range(start, start + LOOK_AHEAD):
        if is_proven(rate, wanted):
            return wanted
    return start + LOOK_AHEAD


def latency(facts: GateFacts) -> FigureResult:
    """The p95 is under 3 s when fewer than one turn in twenty takes longer."""
    figures = facts.figures
    need = f"under {SLOW_S} s"
    if not figures.turns:
        return FigureResult(NO_DATA, "no turns yet", need)
    share = figures.slow / figures.turns
    p95 = f"{figures.p95_s:.1f} s, " if figures.p95_s is not None else ""
    value = (
        f"{p95}{floored_share(share)} of {count(figures.turns, 'turn')} over {SLOW_S} s"
    )
    return FigureResult(MET if share < SLOW_SHARE else FAIL, value, need)


def cost(facts: GateFacts) -> FigureResult:
    """Compare each channel's mean with its own limit; an unknown price is no price."""
    used = {name: it for name, it in facts.figures.costs.items() if it.conversations}
    limits = {
        name: facts.cost_limits.get(name, COST_USD) for name in sorted(used or {"chat"})
    }
    need = ", ".join(f"{name} under ${limit:.2f}" for name, limit in limits.items())
    if not used:
        return FigureResult(NO_DATA, "no conversations yet", need)
    unpriced = sum(it.conversations - it.priced for it in used.values())
    if unpriced:
        value = f"{count(unpriced, 'conversation')} without a known price"
        return FigureResult(NO_DATA, value, need)
    means = {name: it.usd / it.priced for name, it in used.items()}
    value = ", ".join(f"{name} ${mean:.4f}" for name, mean in sorted(means.items()))
    met = all(mean < limits[name] for name, mean in means.items())
    return FigureResult(MET if met else FAIL, value, need)


def leaks(facts: GateFacts) -> FigureResult:
    """Ask for none; and say how little "none" proves over few lines."""
    need = "none, of lines that were looked at"
    if facts.leaks:
        return FigureResult(FAIL, f"{facts.leaks} confirmed", need)
    n = facts.scanned
    if not n:
        return FigureResult(NO_DATA, "nobody has looked at a line yet", need)
    # The rule of three: 95 % sure of less than 3/n.
    bound = f": fewer than 1 in {n // 3}" if n >= LEAST_LINES else ""
    return FigureResult(MET, f"none in {count(n, 'line')}{bound}", need)


def at_this_rate(missing: int, seen: int, elapsed: timedelta) -> str:
    """Say how long `missing` more take, when `seen` came in `elapsed`."""
    if seen <= 0 or elapsed <= timedelta(0):
        return "none have come yet"
    return approximate_duration(elapsed * (missing / seen))
