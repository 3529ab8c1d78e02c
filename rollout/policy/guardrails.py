"""The guardrails: what is measured, the limits, and the false-alarm budgets. Pure.

The figures are those of docs/guardrails.md. A measure of a finished conversation is a
number from 0 (good) to 1, or None where it has no data. Guardrails are enums and
measures are functions, so that a misspelt name is an error and not a healthy metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from math import log1p
from typing import TYPE_CHECKING

from rollout.policy.detector import MAX_LOSS, Detector, for_mean, for_rate
from rollout.policy.stages import TERMS
from rollout.policy.verdicts import Guardrail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime


# The cost of a conversation counts up to this multiple of the expected cost.
COST_SCALE = 10.0


@dataclass(frozen=True, slots=True)
class ConversationEvidence:
    """The figures of one conversation or call. `cost` is None when the price is unknown."""

    channel: str
    at: datetime
    calls: int = 0
    failed: int = 0
    turns: int = 0
    slow_3s: int = 0
    slow_5s: int = 0
    slow_10s: int = 0
    cost: float | None = None
    has_failed: bool = False
    latencies_ms: tuple[int, ...] = field(default=(), repr=False)


type Measure = Callable[[ConversationEvidence, float], float | None]


def failed_share(evidence: ConversationEvidence, expected_cost: float) -> float | None:
    """Return the share of failed tool calls; 1 when the whole conversation failed."""
    if evidence.calls:
        return evidence.failed / evidence.calls
    return 1.0 if evidence.has_failed else None


def slower_than_3s(
    evidence: ConversationEvidence, expected_cost: float
) -> float | None:
    return evidence.slow_3s / evidence.turns if evidence.turns else None


def slower_than_5s(
    evidence: ConversationEvidence, expected_cost: float
) -> float | None:
    return evidence.slow_5s / evidence.turns if evidence.turns else None


def slower_than_10s(
    evidence: ConversationEvidence, expected_cost: float
) -> float | None:
    return evidence.slow_10s / evidence.turns if evidence.turns else None


def relative_cost(evidence: ConversationEvidence, expected_cost: float) -> float | None:
    """Return the cost in [0, 1], where 0.1 is the expected cost."""
    if evidence.cost is None:
        return None
    return min(evidence.cost / (COST_SCALE * expected_cost), 1.0)


def change_index(xs: Sequence[float], *, q0: float, bets: Sequence[float]) -> int:
    """Return the index in `xs` (newest last) from which the values have been bad."""
    best, start = 0.0, 0
    for bet in bets:
        won = 0.0
        for index in range(len(xs) - 1, -1, -1):
            won += log1p(bet * (xs[index] - q0))
            if won > best:
                best, start = won, index
    return start


def mean(xs: Sequence[float]) -> float:
    return sum(xs) / len(xs) if xs else 0.0


CHANNELS = ("chat", "voice")


class DetectorLevel(StrEnum):
    """The level of a detector of a guardrail."""

    WARN = "warn"
    ROLLBACK = "rollback"
    # Latency over ten seconds, a row of the decision matrix.
    VERY_SLOW = "very_slow"


@dataclass(frozen=True, slots=True)
class GuardrailTest:
    """The test whether `measure` is worse than `q0`.

    `levels`: the bad rates that it finds quickly; or `bets` directly, for a mean.
    """

    guardrail: Guardrail
    watch: DetectorLevel
    measure: Measure
    q0: float
    levels: tuple[float, ...] = ()
    bets: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.guardrail.value, self.watch.value


SLOW_SHARES = (0.10, 0.20, 0.40, 0.70, 0.95)
# On this scale 0.10 is the expected cost and 0.15 is 50 % more.
COST_BETS = (1.0, 2.5, 5.0, 8.0)
TESTS = (
    GuardrailTest(
        Guardrail.SUCCESS,
        DetectorLevel.WARN,
        failed_share,
        0.05,
        (0.10, 0.20, 0.35, 0.50, 0.75, 0.95),
    ),
    GuardrailTest(
        Guardrail.SUCCESS,
        DetectorLevel.ROLLBACK,
        failed_share,
        0.08,
        (0.15, 0.25, 0.40, 0.60, 0.80, 0.95),
    ),
    GuardrailTest(
        Guardrail.LATENCY, DetectorLevel.WARN, slower_than_3s, 0.05, SLOW_SHARES
    ),
    GuardrailTest(
        Guardrail.LATENCY, DetectorLevel.ROLLBACK, slower_than_5s, 0.05, SLOW_SHARES
    ),
    GuardrailTest(
        Guardrail.LATENCY, DetectorLevel.VERY_SLOW, slower_than_10s, 0.05, SLOW_SHARES
    ),
    GuardrailTest(
        Guardrail.COST, DetectorLevel.WARN, relative_cost, 0.10, bets=COST_BETS
    ),
    GuardrailTest(
        Guardrail.COST, DetectorLevel.ROLLBACK, relative_cost, 0.15, bets=COST_BETS
    ),
)
STATISTICAL = tuple(dict.fromkeys(test.guardrail for test in TESTS))


@dataclass(frozen=True, slots=True)
class FalseAlarmBudget:
    """The accepted probability of a false alarm within some hours in a stage.

    `warn_acts`: a warning causes a rollback, where a false one is cheap.
    """

    alpha: float
    hours: float
    warn_acts: bool


BUDGETS: Mapping[str, FalseAlarmBudget] = {
    stage.value: FalseAlarmBudget(
        terms.false_rollbacks, 24.0 * terms.budget_days, terms.warning_acts
    )
    for stage, terms in TERMS.items()
}


@dataclass(frozen=True, slots=True)
class ExpectedTraffic:
    """The expected conversations an hour of a channel, and the cost of one in US dollars."""

    an_hour: float = 20.0
    cost: float = 0.10

    @property
    def spend_an_hour(self) -> float:
        return self.an_hour * self.cost


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits by which evidence is evaluated.

    ``spend_a_day``: US dollars; None is 12 times the cap of an hour.
    """

    name: str = "default"
    tests: tuple[GuardrailTest, ...] = TESTS
    budgets: Mapping[str, FalseAlarmBudget] = field(default_factory=lambda: BUDGETS)
    expected: Mapping[str, ExpectedTraffic] = field(
        default_factory=lambda: {
            "chat": ExpectedTraffic(),
            "voice": ExpectedTraffic(an_hour=5.0, cost=0.50),
        }
    )
    spend_times: float = 5.0
    spend_a_day: float | None = None
    silence_min: float = 15.0
    silence_gaps: float = 10.0
    probes_warn: int = 2
    probes_breach: int = 5

    @property
    def spend_an_hour(self) -> float:
        """Return the cap of spending in an hour."""
        return self.spend_times * sum(e.spend_an_hour for e in self.expected.values())

    @property
    def spend_day(self) -> float:
        """Return the cap of spending in a day."""
        if self.spend_a_day is not None:
            return self.spend_a_day
        return 12.0 * self.spend_an_hour

    def silence_after_min(self) -> float:
        """Return the minutes without evidence after which silence is a finding."""
        an_hour = sum(each.an_hour for each in self.expected.values())
        return max(self.silence_min, self.silence_gaps * 60.0 / an_hour)

    def budget(self, stage: str) -> FalseAlarmBudget:
        return self.budgets[stage]

    def test(self, guardrail: str, watch: str) -> GuardrailTest:
        """Return the test of that name. Raises UnknownGuardrail."""
        for test in self.tests:
            if test.key == (guardrail, watch):
                return test
        raise UnknownGuardrail(guardrail, watch)


def detector_for(
    test: GuardrailTest, *, budget: FalseAlarmBudget, expected: ExpectedTraffic
) -> Detector:
    """Return the detector of `test` on one channel; the guardrails share the budget."""
    return _detector(
        test.q0,
        test.levels,
        test.bets,
        max(1.0, expected.an_hour * budget.hours),
        budget.alpha / len(STATISTICAL),
    )


@cache
def _detector(
    q0: float,
    levels: tuple[float, ...],
    bets: tuple[float, ...],
    horizon: float,
    alpha: float,
) -> Detector:
    if levels:
        return for_rate(q0=q0, levels=levels, horizon=horizon, alpha=alpha)
    most = tuple(min(bet, MAX_LOSS / q0) for bet in bets)
    return for_mean(q0=q0, bets=most, horizon=horizon, alpha=alpha)


class UnknownGuardrail(LookupError):
    """There is no guardrail of that name."""

    def __init__(self, guardrail: str, watch: str = "") -> None:
        known = ", ".join(sorted({" ".join(test.key) for test in TESTS}))
        asked = f"{guardrail} {watch}".strip()
        super().__init__(f"There is no guardrail {asked!r}; there are: {known}.")
