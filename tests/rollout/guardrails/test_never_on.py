"""No sequence of events turns a feature on without a person."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rollout.core import clock
from rollout.core.errors import RolloutError
from rollout.core.features import Feature
from rollout.core.ports import Spend, ports
from rollout.flags import acknowledgements, cohorts, exposure, flags
from rollout.guardrails import actions, evaluate
from rollout.stages import plan_state, rollback
from tests.rollout.conftest import ALINE, BOSCO
from tests.rollout.guardrail_cases import FakeClock, enter, leak, observe, probe
from tests.rollout.plan_cases import mend

SYSTEM = {"actor": "evaluator", "source": "system", "reason": "test"}
ODETTE = {"actor": "odette", "source": "cli", "reason": "test"}
FEATURES = st.sets(st.sampled_from(list(Feature)), min_size=1)


def served() -> set[tuple[Feature, str | None]]:
    return {
        (feature, subject)
        for feature in Feature
        for subject in (ALINE, BOSCO, None)
        if exposure.is_on(feature, subject)
    }


class Deployment(RuleBasedStateMachine):
    """People and the system, in any order; `allowed`: what a person turned on."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.outer = transaction.atomic()
        self.stack.enter_context(self.outer)
        self.clock = FakeClock()
        self.stack.enter_context(clock.use(self.clock))
        self.allowed: set[tuple[Feature, str | None]] = set()
        self.spent = Decimal(1)
        ports.spend_since = lambda _at: Spend(self.spent, 0)

    @initialize(stage=st.sampled_from(["smoke", "beta", "production"]))
    def begin(self, stage: str) -> None:
        enter(stage)
        cohorts.make_cohort(name="beta")
        cohorts.add_member("beta", ALINE, by="odette")
        self.turn_on(set(Feature), everyone=True)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.stack.close()

    @rule(features=FEATURES, everyone=st.booleans())
    def turn_on(self, features: set[Feature], everyone: bool) -> None:
        with suppress(RolloutError):
            flags.set_features(
                dict.fromkeys(features, True),
                **ODETTE,
                override=True,
                cohorts=() if everyone else ("beta",),
            )
            self.allowed = served()

    @rule(minutes=st.sampled_from([1, 5, 31, 125, -90]))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @rule(
        failed=st.integers(0, 5),
        times=st.integers(1, 30),
        channel=st.sampled_from(["chat", "voice"]),
    )
    def talk(self, failed: int, times: int, channel: str) -> None:
        observe(times, failed=failed, channel=channel)

    @rule(passed=st.booleans(), times=st.integers(1, 5))
    def be_probed(self, passed: bool, times: int) -> None:
        for _ in range(times):
            probe(passed=passed)

    @rule(level=st.sampled_from(["candidate", "confirmed"]))
    def leak(self, level: str) -> None:
        leak(level)

    @rule(usd=st.sampled_from([1, 1000]))
    def spend(self, usd: int) -> None:
        self.spent = Decimal(usd)

    @rule(times=st.integers(1, 3))
    def judge(self, times: int) -> None:
        for _ in range(times):
            evaluate.run_evaluation()
            self.clock.advance(minutes=1)

    @rule(channel=st.sampled_from(["chat", "voice"]))
    def break_down(self, channel: str) -> None:
        observe(15, failed=5, channel=channel)
        self.judge(2)

    @rule()
    def be_silent(self) -> None:
        actions.report_silent_evaluator(silent_s=300)

    @rule(kind=st.sampled_from(["quick", "full", "restore"]))
    def roll_back(self, kind: str) -> None:
        with suppress(RolloutError):
            if kind == "restore":
                rollback.restore(**ODETTE)
            else:
                order = rollback.RollbackOrder(
                    rollback.Kind(kind), "test", "odette", "cli"
                )
                rollback.carry_out(order)

    @rule(
        who=st.sampled_from([SYSTEM, ODETTE]),
        what=st.sampled_from(["hold", "release", "resume", "settle"]),
    )
    def move(self, who: dict[str, Any], what: str) -> None:
        with suppress(RolloutError), transaction.atomic():
            plan_state.settle() if what == "settle" else getattr(plan_state, what)(
                **who
            )

    @rule()
    def mend(self) -> None:
        mend()

    @invariant()
    def nobody_else_is_served(self) -> None:
        now = served()
        assert now <= self.allowed, now - self.allowed
        self.allowed = now


@pytest.mark.django_db
def test_rollout__anything_in_any_order__turns_nothing_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "spend_since", None)
    monkeypatch.setattr(acknowledgements, "await_acknowledgement", _at_once)
    run_state_machine_as_test(
        Deployment,
        settings=settings(
            max_examples=10,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _at_once(epoch: int, **_options: Any) -> acknowledgements.Acknowledgement:
    return acknowledgements.Acknowledgement(
        epoch=epoch, processes=0, acknowledged=0, ms=0
    )
