"""The facts that the gates read, and the gates on figures: volume, success and so on.

Pure. Calls of one conversation fail together, so the confidence bound is taken over
conversations, with the share of failed calls as their failure rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from easymo.sentences import amount, counted, joined, label, translatable
from rollout.core.formatting import approximate_duration, floored_share, seconds
from rollout.policy.stages import GateName, Stage, StageTerms, State, terms_of
from rollout.policy.statistics import binomial_cdf, clopper_pearson_lower, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The newest run of the pre-flight checks or the smoke tests."""

    passed: bool
    release: str
    at: datetime
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChannelCosts:
    """The cost of the real conversations of a channel. `priced`: with a known price."""

    conversations: int = 0
    priced: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class StageFigures:
    """The sums over the real conversations of this stage run.

    ``p95_s`` is for display; the gate counts the turns over 3 s.
    """

    conversations: int = 0
    # Conversations that failed as a whole.
    broken: int = 0
    calls: int = 0
    failed: int = 0
    turns: int = 0
    slow: int = 0
    p95_s: float | None = None
    costs: dict[str, ChannelCosts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything that the gates read. None means unknown."""

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
    # The number of log lines that were scanned for leaks.
    scanned: int = 0
    evaluated_at: datetime | None = None
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
        """Return the time in the stage; zero when the clock was set back."""
        return max(timedelta(0), self.now - self.entered_at)


RATE, LOWER, ALPHA = 0.95, 0.90, 0.05
# Fewer conversations prove nothing.
CONVERSATIONS = 100
SLOW_S, SLOW_SHARE = 3, 0.05
# The limit of the guide for a chat; other channels have their own.
COST_USD = Decimal("0.10")
# Above this number the approximate bound is exact enough, and faster.
MAX_EXACT = 2000
# For fewer lines no bound is shown.
MIN_LINES = 30
LOOK_AHEAD = 2000


class GateVerdict(StrEnum):
    MET = "pass"
    FAIL = "fail"
    PENDING = "pending"
    WAIVED = "waived"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The verdict of a gate, its value, what it needs, and a forecast."""

    verdict: GateVerdict
    value: str
    need: str
    forecast: str = ""

    @property
    def is_met(self) -> bool:
        return self.verdict == GateVerdict.MET


def volume(facts: GateFacts) -> GateOutcome:
    """Require a number of real conversations."""
    have, need = facts.figures.conversations, facts.terms.min_conversations
    value = translatable("{have} of {need} conversations", have=have, need=need)
    words = translatable("{need} real conversations", need=need)
    if have >= need:
        return GateOutcome(GateVerdict.MET, value, words)
    return GateOutcome(
        GateVerdict.PENDING,
        value,
        words,
        at_this_rate(need - have, have, facts.elapsed),
    )


def success(facts: GateFacts) -> GateOutcome:
    """Require 95 % success, and 90 % with 95 % confidence."""
    figures = facts.figures
    need = translatable("at least 95 %, and 90 % at 95 % confidence")
    n = figures.conversations
    if not figures.calls or not n:
        return GateOutcome(GateVerdict.NO_DATA, translatable("no tool calls yet"), need)
    # A conversation that failed as a whole counts as failed, whatever its calls did.
    rate = 1 - max(figures.failed / figures.calls, figures.broken / n)
    value = translatable(
        "{share} of {calls}, at least {least} ({conversations})",
        share=floored_share(rate),
        calls=counted(figures.calls, "{number} call", "{number} calls"),
        least=floored_share(lower_bound(rate, n)),
        conversations=counted(n, "{number} conversation", "{number} conversations"),
    )
    if rate >= RATE and n >= CONVERSATIONS and is_proven(rate, n):
        return GateOutcome(GateVerdict.MET, value, need)
    if rate < RATE:
        return GateOutcome(
            GateVerdict.FAIL, value, need, translatable("not at this rate")
        )
    missing = conversations_needed(rate, n) - n
    when = at_this_rate(missing, n, facts.elapsed)
    return GateOutcome(
        GateVerdict.PENDING,
        value,
        need,
        joined(
            ", ",
            [
                counted(
                    missing,
                    "{number} more conversation",
                    "{number} more conversations",
                ),
                when,
            ],
        ),
    )


def is_proven(rate: float, n: int) -> bool:
    """Tell whether the lower Clopper-Pearson bound reaches 90 %."""
    # As a tail of failures, which has few terms.
    return binomial_cdf(n - successes(rate, n), n, 1 - LOWER) <= ALPHA


def successes(rate: float, n: int) -> int:
    """Return the number of successful conversations, rounded down."""
    return int(rate * n + 1e-9)


def lower_bound(rate: float, n: int) -> float:
    if n > MAX_EXACT:
        return wilson(successes(rate, n), n, z=1.645)[0]
    return clopper_pearson_lower(successes(rate, n), n, ALPHA)


def conversations_needed(rate: float, n: int) -> int:
    """Return the number of conversations that proves this rate."""
    start = max(n, CONVERSATIONS)
    for wanted in range(start, start + LOOK_AHEAD):
        if is_proven(rate, wanted):
            return wanted
    return start + LOOK_AHEAD


def latency(facts: GateFacts) -> GateOutcome:
    """Require a p95 under 3 s: fewer than one turn in twenty takes longer."""
    figures = facts.figures
    need = translatable("under {seconds} s", seconds=SLOW_S)
    if not figures.turns:
        return GateOutcome(GateVerdict.NO_DATA, translatable("no turns yet"), need)
    share = figures.slow / figures.turns
    slow = translatable(
        "{share} of {turns} over {seconds} s",
        share=floored_share(share),
        turns=counted(figures.turns, "{number} turn", "{number} turns"),
        seconds=SLOW_S,
    )
    p95 = [seconds(figures.p95_s)] if figures.p95_s is not None else []
    value = joined(", ", [*p95, slow])
    return GateOutcome(
        GateVerdict.MET if share < SLOW_SHARE else GateVerdict.FAIL, value, need
    )


def cost(facts: GateFacts) -> GateOutcome:
    """Require the mean cost of each channel to be under its limit."""
    used = {name: it for name, it in facts.figures.costs.items() if it.conversations}
    limits = {
        name: facts.cost_limits.get(name, COST_USD) for name in sorted(used or {"chat"})
    }
    need = joined(
        ", ",
        [
            translatable(
                "{channel} under {cost}",
                channel=label(name),
                cost=amount(limit, 2, "USD", in_english=f"${limit:.2f}"),
            )
            for name, limit in limits.items()
        ],
    )
    if not used:
        return GateOutcome(
            GateVerdict.NO_DATA, translatable("no conversations yet"), need
        )
    unpriced = sum(it.conversations - it.priced for it in used.values())
    if unpriced:
        value = counted(
            unpriced,
            "{number} conversation without a known price",
            "{number} conversations without a known price",
        )
        return GateOutcome(GateVerdict.NO_DATA, value, need)
    means = {name: it.usd / it.priced for name, it in used.items()}
    value = joined(", ", [_mean(name, means[name]) for name in sorted(means)])
    met = all(mean < limits[name] for name, mean in means.items())
    return GateOutcome(GateVerdict.MET if met else GateVerdict.FAIL, value, need)


def leaks(facts: GateFacts) -> GateOutcome:
    """Require no confirmed leak, and show the bound that the scanned lines prove."""
    need = translatable("none, of the scanned lines")
    if facts.leaks:
        return GateOutcome(
            GateVerdict.FAIL,
            translatable("{number} confirmed", number=facts.leaks),
            need,
        )
    n = facts.scanned
    if not n:
        return GateOutcome(
            GateVerdict.NO_DATA, translatable("no line was scanned yet"), need
        )
    # The rule of three: 95 % sure of less than 3/n.
    value = counted(n, "none in {number} line", "none in {number} lines")
    if n >= MIN_LINES:
        bound = translatable("fewer than 1 in {lines}", lines=n // 3)
        value = joined(": ", [value, bound])
    return GateOutcome(GateVerdict.MET, value, need)


def _mean(channel: str, mean: Decimal) -> str:
    cost = amount(mean, 4, "USD", in_english=f"${mean:.4f}")
    return joined(" ", [label(channel), cost])


def at_this_rate(missing: int, seen: int, elapsed: timedelta) -> str:
    """Return how long `missing` more take, when `seen` came in `elapsed`."""
    if seen <= 0 or elapsed <= timedelta(0):
        return translatable("none have come yet")
    return approximate_duration(elapsed * (missing / seen))
