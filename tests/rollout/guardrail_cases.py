"""Evidence, stages and time for tests of the evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from easymo.observability.models import LeakFinding
from rollout.core import clock
from rollout.guardrails import evaluate
from rollout.models import (
    CheckRun,
    Evaluation,
    Observation,
    Plan,
    PlanChange,
    StageRun,
)

# Later than any migration that a test database began with.
NOON = datetime(2046, 3, 2, 10, 0, tzinfo=UTC)
NUMBERS = count(1)
EVERYTHING = {"CHAT": True, "VOICE": True, "VOUCHERS": True, "CUSTOMER_LOOKUP": True}


@dataclass
class FakeClock:
    """Tells what it is told."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def enter(stage: str) -> StageRun:
    """Begin a stay in `stage`, as an operator who overrides the gates."""
    with transaction.atomic():
        plan = Plan.objects.select_related("run").get()
        before = {"stage": plan.run.stage, "state": plan.state, "run": plan.run_id}
        now = max(clock.now(), plan.run.entered_at)
        plan.run.exited_at = now
        plan.run.save(update_fields=["exited_at"])
        plan.run = StageRun.objects.create(
            stage=stage, entered_at=now, entered_by="odette", reason="test"
        )
        plan.save(update_fields=["run"])
        PlanChange.objects.create(
            kind="set",
            before=before,
            after=before | {"stage": stage, "run": plan.run_id},
            actor="odette",
            source="cli",
            reason="test",
            override=True,
        )
    return plan.run


def observe(times: int = 1, **facts: Any) -> list[Observation]:
    """Write down `times` finished conversations of the stay that is open."""
    now = clock.now()
    fields: dict[str, Any] = {
        "run": Plan.objects.get().run,
        "channel": "chat",
        "calls": 5,
        "turns": 2,
        "latencies_ms": [900, 1200],
        "cost": "0.05",
        "started_at": now - timedelta(minutes=5),
        "finished_at": now,
        "recorded_at": now,
        **facts,
    }
    return Observation.objects.bulk_create(
        Observation(
            source_key=f"chat:test:{next(NUMBERS)}", conversation_key="k", **fields
        )
        for _ in range(times)
    )


def tick() -> Evaluation:
    """Evaluate, and expect no other evaluator."""
    evaluation = evaluate.run_evaluation()
    assert evaluation is not None
    return evaluation


def plan() -> Plan:
    return Plan.objects.select_related("run").get()


def leak(level: str = "confirmed") -> None:
    LeakFinding.objects.create(
        kind="number", sink="log", digest=b"d" * 32, level=level, at=clock.now()
    )


def probe(*, passed: bool) -> None:
    CheckRun.objects.create(
        kind="probe",
        passed=passed,
        release="1",
        actor="probe",
        started_at=clock.now(),
        finished_at=clock.now(),
    )


def minutes(now: FakeClock, count: int) -> list[Evaluation]:
    """Let the evaluator look once a minute, with probes that pass."""
    found = []
    for _ in range(count):
        now.advance(minutes=1)
        probe(passed=True)
        found.append(tick())
    return found
