"""Puts the plan where a test needs it, by the services or behind the guards' back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection

from easymo import release
from rollout.core import clock
from rollout.models import CheckRun, Incident, StageRun
from rollout.stages import stages

if TYPE_CHECKING:
    from rollout.models import PlanChange

ODETTE = {"actor": "odette", "source": "cli"}
MOVED = ("stage_run_ends_once", "plan_needs_change")


class Fake:
    """A clock that a test moves by hand."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


def began(at: datetime) -> StageRun:
    """Let the open stay have begun at `at`: the database forbids it, and rightly."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for verb in ("DISABLE", "ENABLE ALWAYS"):
            if verb == "ENABLE ALWAYS":
                StageRun.objects.filter(exited_at=None).update(entered_at=at)
            for name in MOVED:
                cursor.execute(f"ALTER TABLE rollout_stagerun {verb} TRIGGER {name}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return StageRun.objects.get(exited_at=None)


def go(stage: str) -> PlanChange:
    """Set the stage as Odette would, against the gates."""
    return stages.set_stage(stage, reason="a test", override=True, **ODETTE)


def checked(kind: str, *, passed: bool = True, **changed: object) -> CheckRun:
    """Write down a run of the pre-flight or the smoke tests."""
    now = clock.now()
    values = {"release": release.current(), "actor": "odette", "results": []}
    return CheckRun.objects.create(
        kind=kind,
        passed=passed,
        started_at=now,
        finished_at=now,
        **values | changed,
    )


def mend() -> None:
    """Do what has to be done before anything is turned on after a rollback."""
    Incident.objects.filter(status="open").update(
        status="mitigated", mitigated_at=clock.now()
    )
    checked("preflight")
    checked("smoke")
