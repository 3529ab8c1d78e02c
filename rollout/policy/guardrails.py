"""The registry of guardrails: what is tested, against what, at which price. Pure.

The numbers are those of docs/guardrails.md. A guardrail is named by an enum and its
measure is a function, so that a misspelt metric cannot pass for a healthy one: it
does not get built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from rollout.policy import evidence
from rollout.policy.detector import MOST, Detector, for_mean, for_rate
from rollout.policy.stages import TERMS
from rollout.policy.verdicts import Guardrail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollout.policy.evidence import Measure

CHANNELS = ("chat", "voice")


class Watch(StrEnum):
    """Which of a guardrail's detectors."""

    WARN = "warn"
    ROLLBACK = "rollback"
    # Of latency: whether it is the matrix's row of ten seconds.
    VERY_SLOW = "very_slow"


@dataclass(frozen=True, slots=True)
class Test:
    """One detector's question: is `measure` worse than `q0`?

    `levels`: bad shares it is tuned to find; or `bets` directly, for a mean.
    """

    guardrail: Guardrail
    watch: Watch
    measure: Measure
    q0: float
    levels: tuple[float, ...] = ()
    bets: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.guardrail.value, self.watch.value


SLOW = (0.10, 0.20, 0.40, 0.70, 0.95)
# Cost: a tenth of the scale is what is expected; 0.15 is half as much again.
BETS = (1.0, 2.5, 5.0, 8.0)
TESTS = (
    Test(
        Guardrail.SUCCESS,
        Watch.WARN,
        evidence.failing,
        0.05,
        (0.10, 0.20, 0.35, 0.50, 0.75, 0.95),
    ),
    Test(
        Guardrail.SUCCESS,
        Watch.ROLLBACK,
        evidence.failing,
        0.08,
        (0.15, 0.25, 0.40, 0.60, 0.80, 0.95),
    ),
    Test(Guardrail.LATENCY, Watch.WARN, evidence.slower_than_3s, 0.05, SLOW),
    Test(Guardrail.LATENCY, Watch.ROLLBACK, evidence.slower_than_5s, 0.05, SLOW),
    Test(Guardrail.LATENCY, Watch.VERY_SLOW, evidence.slower_than_10s, 0.05, SLOW),
    Test(Guardrail.COST, Watch.WARN, evidence.costing, 0.10, bets=BETS),
    Test(Guardrail.COST, Watch.ROLLBACK, evidence.costing, 0.15, bets=BETS),
)
STATISTICAL = tuple(dict.fromkeys(test.guardrail for test in TESTS))


@dataclass(frozen=True, slots=True)
class Budget:
    """The chance of a false alarm that a stay in a stage may cost, and how long.

    `warn_acts`: a warning rolls back already, since a false one is cheap there.
    """

    alpha: float
    hours: float
    warn_acts: bool


BUDGETS: Mapping[str, Budget] = {
    stage.value: Budget(
        terms.false_rollbacks, 24.0 * terms.budget_days, terms.warning_acts
    )
    for stage, terms in TERMS.items()
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What is planned for one channel: conversations an hour, US dollars for one."""

    an_hour: float = 20.0
    cost: float = 0.10

    @property
    def spend_an_hour(self) -> float:
        return self.an_hour * self.cost


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a judgement depends on besides the evidence.

    ``spend_a_day``: US dollars; None is half of what the hour's cap would let through.
    """

    name: str = "default"
    tests: tuple[Test, ...] = TESTS
    budgets: Mapping[str, Budget] = field(default_factory=lambda: BUDGETS)
    expected: Mapping[str, Expected] = field(
        default_factory=lambda: {
            "chat": Expected(),
            "voice": Expected(an_hour=5.0, cost=0.50),
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
        """Return the cap of an hour's spending."""
        return self.spend_times * sum(e.spend_an_hour for e in self.expected.values())

    @property
    def spend_day(self) -> float:
        """Return the cap of a day's spending."""
        if self.spend_a_day is not None:
            return self.spend_a_day
        return 12.0 * self.spend_an_hour

    def silence_after_min(self) -> float:
        """Return after how many minutes without evidence somebody should wonder."""
        an_hour = sum(each.an_hour for each in self.expected.values())
        return max(self.silence_min, self.silence_gaps * 60.0 / an_hour)

    def budget(self, stage: str) -> Budget:
        return self.budgets[stage]

    def test(self, guardrail: str, watch: str) -> Test:
        """Return the test of that name. Raises UnknownGuardrail."""
        for test in self.tests:
            if test.key == (guardrail, watch):
                return test
        raise UnknownGuardrail(guardrail, watch)


def detector_for(test: Test, *, budget: Budget, expected: Expected) -> Detector:
    """Return the detector of `test` on one channel in a stage with that budget.

    The guardrails share the budget; what that costs is a logarithm of their number.
    """
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
    most = tuple(min(bet, MOST / q0) for bet in bets)
    return for_mean(q0=q0, bets=most, horizon=horizon, alpha=alpha)


class UnknownGuardrail(LookupError):
    """There is no guardrail of that name: a misspelt one must not pass silently."""

    def __init__(self, guardrail: str, watch: str = "") -> None:
        known = ", ".join(sorted({" ".join(test.key) for test in TESTS}))
        asked = f"{guardrail} {watch}".strip()
        super().__init__(f"There is no guardrail {asked!r}; there are: {known}.")
