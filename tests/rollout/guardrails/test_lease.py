from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from rollout.core import clock
from rollout.guardrails import actions, evaluate, evidence
from rollout.models import (
    DetectorState,
    Evaluation,
    EvaluatorLease,
    FlagChange,
    Incident,
    Observation,
    RollbackEvent,
)
from tests.live import until
from tests.rollout.guardrail_cases import NOON, FakeClock, enter, observe, tick

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch


class Meeting:
    """Lets each of two evaluators go on when the other one has read too, or has ended."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.both = threading.Event()

    def come(self) -> None:
        self.there.add(threading.current_thread().name)
        if len(self.there) == 2:
            self.both.set()


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Let two evaluators read the same evidence, if no lock prevents it."""
    found = Meeting()
    read = evidence.unscored_observations

    def slowly() -> list[dict[str, Any]]:
        rows = read()
        if threading.current_thread() is not threading.main_thread():
            found.come()
            assert found.both.wait(90)
        return rows

    monkeypatch.setattr("rollout.guardrails.evidence.unscored_observations", slowly)
    return found


def nobody_else_is_connected() -> bool:
    """Tell whether the server has noticed the death, and rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone() == (0,)


def two_at_once(at: FakeClock, meeting: Meeting) -> list[Evaluation | None]:
    """Let two evaluators look at the same moment; return what each came to."""
    barrier = threading.Barrier(2)
    found: list[Evaluation | None] = []

    def judge() -> None:
        with clock.use(at):
            barrier.wait(60)
            found.append(evaluate.run_evaluation())
        meeting.come()
        connection.close()

    threads = [threading.Thread(target=judge) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.usefixtures("committed_db")
def test_tick__two_evaluators_at_once__one_acts(
    now: FakeClock, switch: Switch, meeting: Meeting
) -> None:
    # Given
    enter("production")
    switch(CHAT=True, VOUCHERS=True)
    observe(1)
    tick()
    observe(12, failed=5)

    # When
    found = two_at_once(now, meeting)

    # Then
    assert [evaluation.acted for evaluation in found if evaluation] == [True]
    assert RollbackEvent.objects.count() == 1
    assert DetectorState.objects.get(guardrail="success", level="warn").n == 13


@pytest.mark.usefixtures("committed_db")
def test_tick__two_evaluators_without_the_lease__count_twice(
    now: FakeClock,
    switch: Switch,
    meeting: Meeting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given: the control
    enter("production")
    switch(CHAT=True, VOUCHERS=True)
    observe(1)
    tick()
    observe(12, failed=5)
    any_lease = EvaluatorLease.objects.get
    monkeypatch.setattr("rollout.guardrails.evaluate.claim_lease", lambda: "any")
    monkeypatch.setattr(
        "rollout.guardrails.evaluate.lock_claimed_lease", lambda _token: any_lease()
    )

    # When
    two_at_once(now, meeting)

    # Then
    assert DetectorState.objects.get(guardrail="success", level="warn").n == 25


def test_tick__killed_in_the_middle__nothing_half_done_and_the_next_takes_over(
    committed_db: str, now: FakeClock, switch: Switch
) -> None:
    # Given
    enter("production")
    switch(CHAT=True, VOUCHERS=True)
    observe(12, failed=5)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.rollout.dying_evaluator"],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "DATABASE_URL": committed_db,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
    ) as process:
        assert process.stdout is not None
        while "in the middle" not in (line := process.stdout.readline()):
            assert line, "it died before its time"

        # When
        process.kill()
    until(nobody_else_is_connected)

    # Then
    assert Evaluation.objects.exists() is False
    assert Incident.objects.exists() is False
    assert FlagChange.objects.filter(source="rollback").exists() is False
    assert Observation.objects.filter(scored_in=None).count() == 12
    assert evaluate.run_evaluation() is None
    now.advance(seconds=91)
    assert tick().action == "quick"
    assert actions.features_on() == frozenset()


@pytest.mark.django_db
def test_judge__slept_through_its_lease__does_nothing(
    now: FakeClock, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    enter("production")
    switch(CHAT=True)
    observe(12, failed=5)
    sleeper = evaluate.claim_lease()
    now.advance(minutes=2)
    tick()
    monkeypatch.setattr("rollout.guardrails.evaluate.claim_lease", lambda: sleeper)

    # When
    found = evaluate.run_evaluation()

    # Then
    assert found is None
    assert Evaluation.objects.count() == 1


@pytest.mark.django_db
def test_tick__judgement_breaks__lease_is_given_back_and_evidence_kept(
    now: FakeClock, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    enter("production")
    switch(CHAT=True)
    observe(12, failed=5)
    with monkeypatch.context() as broken:
        broken.setattr("rollout.guardrails.actions.carry_out_decision", _explode)
        with pytest.raises(ZeroDivisionError):
            evaluate.run_evaluation()
    assert EvaluatorLease.objects.get().holder is None

    # When
    evaluation = tick()

    # Then
    assert evaluation.acted is True


def _explode(*_args: object) -> None:
    raise ZeroDivisionError


@pytest.mark.django_db
def test_claim__clock_set_back__is_not_stuck(now: FakeClock) -> None:
    # Given: an evaluator with a clock a day ahead was killed
    now.at = NOON + timedelta(days=1)
    assert evaluate.claim_lease() is not None
    assert evaluate.claim_lease() is None

    # When
    now.at = NOON

    # Then
    assert evaluate.claim_lease() is not None
    assert EvaluatorLease.objects.get().expires_at == NOON + evaluate.LEASE


@pytest.mark.django_db
def test_tick__clock_goes_backwards__no_evidence_is_lost(
    now: FakeClock, switch: Switch
) -> None:
    # Given
    now.at = NOON + timedelta(hours=5)
    enter("production")
    switch(CHAT=True)
    observe(3, failed=5)
    tick()

    # When
    now.at = NOON
    observe(3, failed=5, outcome="failed")
    tick()
    now.advance(minutes=1)
    observe(6, failed=5, outcome="failed")
    evaluation = tick()

    # Then
    assert evaluation.action == "quick"
    assert DetectorState.objects.get(guardrail="success", level="warn").n == 12
