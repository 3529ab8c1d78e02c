"""Facts with which every gate is met, to spoil one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from rollout.policy.gate_figures import (
    ChannelCosts,
    CheckResult,
    GateFacts,
    StageFigures,
)
from rollout.policy.gates import Gate, evaluate_gates
from rollout.policy.stages import GateName, Stage, State

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

HEALTHY = StageFigures(
    conversations=104,
    calls=520,
    failed=10,
    turns=400,
    slow=8,
    p95_s=2.2,
    costs={"chat": ChannelCosts(104, 104, Decimal("6.24"))},
)


def facts(**changed: Any) -> GateFacts:
    """Return a beta that may go on to production, with something changed."""
    entered = NOW - 8 * DAY
    good = GateFacts(
        stage=Stage.BETA,
        state=State.ACTIVE,
        entered_at=entered,
        now=NOW,
        release="v1",
        preflight=CheckResult(True, "v1", NOW - 10 * HOUR / 60),
        smoke=CheckResult(True, "v1", NOW - DAY),
        members=7,
        staff=7,
        acknowledged=tuple(entered + n * HOUR for n in range(49)),
        figures=HEALTHY,
        cost_limits={"chat": Decimal("0.10"), "voice": Decimal("0.50")},
        scanned=9000,
        evaluated_at=NOW,
        on_call=2,
        announced_at=NOW - HOUR,
    )
    return replace(good, **changed)


def gate(name: GateName, **changed: Any) -> Gate:
    return next(each for each in evaluate_gates(facts(**changed)) if each.name == name)
