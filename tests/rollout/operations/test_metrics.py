from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from easymo.observability import metrics
from rollout.evidence import observations
from rollout.evidence.observations import FinishedConversation
from rollout.models import (
    CheckRun,
    DetectorState,
    Epoch,
    Evaluation,
    ServingProcess,
    StageRun,
)
from rollout.stages.rollback import turn_all_off

pytestmark = pytest.mark.django_db


def figures() -> dict[str, float]:
    text = metrics.render().decode()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    return {name: float(value) for name, value in pairs}


def finish(number: int, **facts: Any) -> None:
    now = timezone.now()
    observations.record_observation(
        FinishedConversation(
            **{
                "source_key": f"chat:{number}:0",
                "conversation_key": f"{number:064x}",
                "channel": "chat",
                "started_at": now - timedelta(minutes=3),
                "finished_at": now,
                "calls": 2,
                "failed": 0,
                "turns": 1,
                "latencies_ms": [900],
            }
            | facts
        )
    )


def test_conversations__real_and_synthetic__counts_the_real_ones_by_outcome() -> None:
    # Given
    finish(1, cost="0.06")
    finish(2, outcome="failed", failed=1, cost="0.30")
    finish(3, is_synthetic=True, outcome="failed")
    finish(4)

    # When
    found = figures()

    # Then
    where = 'agent_conversations_total{channel="chat",outcome="%s",stage="%s"}'
    stage = StageRun.objects.get(exited_at=None).stage
    told = {o: found.get(where % (o, stage)) for o in ("done", "failed", "capped")}
    assert told["capped"] == 0
    # An observation without its stay is counted, too.
    everything = sum(
        value
        for name, value in found.items()
        if name.startswith('agent_conversations_total{channel="chat"')
    )
    assert everything == 3
    assert found['agent_conversation_cost_usd_count{channel="chat"}'] == 2
    assert found['agent_conversation_cost_usd_sum{channel="chat"}'] == pytest.approx(
        0.36
    )
    assert found['agent_conversation_cost_usd_bucket{channel="chat",le="0.1"}'] == 1


def test_evaluator__never_looked__has_no_sample_so_that_absent_fires() -> None:
    assert "rollout_evaluator_last_tick_timestamp_seconds" not in figures()


def test_judgement__newest__tells_values_and_what_has_no_data() -> None:
    # Given
    run = StageRun.objects.get(exited_at=None)
    Evaluation.objects.create(
        run=run,
        verdicts=[
            {"guardrail": "success", "channel": "chat", "level": "ok", "value": 0.03},
            {"guardrail": "latency", "channel": "chat", "level": "no_data"},
        ],
        action="none",
        severity="low",
        because="All guardrails hold.",
    )
    DetectorState.objects.create(
        run=run,
        guardrail="success",
        channel="chat",
        level="warn",
        state=[2.0, 2.0, None, 2.0],
        log_threshold=4.0,
    )

    # When
    found = figures()

    # Then
    assert found['rollout_guardrail_value{channel="chat",guardrail="success"}'] == 0.03
    assert 'rollout_guardrail_value{channel="chat",guardrail="latency"}' not in found
    assert found['rollout_guardrail_no_data{guardrail="latency"}'] == 1
    assert found['rollout_guardrail_no_data{guardrail="success"}'] == 0
    # ln(3/4 e^2) / 4
    name = 'rollout_guardrail_evidence_ratio{channel="chat",guardrail="success",level="warn"}'
    assert found[name] == pytest.approx(0.428, abs=0.001)
    ticked = found["rollout_evaluator_last_tick_timestamp_seconds"]
    assert ticked == pytest.approx(timezone.now().timestamp(), abs=60)


def test_rollback__by_a_person__names_the_kind_and_nobody() -> None:
    turn_all_off(reason="trouble", actor="odette", source="cli")

    found = figures()

    name = 'rollout_rollbacks_total{actor="person",kind="quick",trigger="manual"}'
    assert found[name] == 1
    assert found['rollout_incidents_open{severity="critical"}'] == 1
    assert found["rollout_incidents_unattended"] == 1
    assert "odette" not in str(found)


def test_probe__newest__tells_each_case() -> None:
    for passed in (True, False):
        CheckRun.objects.create(
            kind="probe",
            passed=passed,
            results=[
                {"name": "hello", "status": "ok" if passed else "failed"},
                {"name": "lookup", "status": "skipped"},
            ],
            release="r",
            actor="probe",
        )

    found = figures()

    assert found['rollout_probe_success{case="hello"}'] == 0
    assert 'rollout_probe_success{case="lookup"}' not in found


def test_snapshot_age__most_silent_process__is_told_by_whoever_is_asked() -> None:
    epoch = Epoch.objects.get()
    for quiet_s in (1, 42):
        ServingProcess.objects.create(
            id=uuid.uuid4(),
            host="one",
            pid=quiet_s,
            role="web",
            version_seen=epoch.version,
            acknowledged_at=epoch.changed_at,
            seen_at=timezone.now() - timedelta(seconds=quiet_s),
        )

    found = figures()

    assert found["rollout_snapshot_age_seconds"] == pytest.approx(42, abs=2)
    assert found['rollout_processes{acked="true"}'] == 1
    assert found['rollout_processes{acked="false"}'] == 1
