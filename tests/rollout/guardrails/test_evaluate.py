from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from rollout.core.features import Feature
from rollout.evidence import verdicts
from rollout.guardrails import actions, evaluate, evidence
from rollout.models import (
    DetectorState,
    Evaluation,
    FlagChange,
    Incident,
    Notice,
    Observation,
    Plan,
    RollbackEvent,
)
from rollout.policy.decision_matrix import Circumstances, decide
from rollout.policy.guardrails import STATISTICAL, DetectorLevel
from rollout.policy.verdicts import Action, Guardrail, Level, Verdict
from tests.rollout.guardrail_cases import FakeClock, enter, observe, tick

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("production")
def test_tick__model_fails_altogether__all_off_with_its_figures(
    now: FakeClock,
) -> None:
    # Given
    observe(12, failed=5, outcome="failed")
    now.advance(minutes=1)

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.acted) == ("quick", True)
    assert actions.features_on() == frozenset()
    event = RollbackEvent.objects.get()
    assert evaluation.rollback == event
    assert event.reason == "100% of tool calls fail on chat over 12 conversations."
    assert event.evidence["value"] == 1.0
    assert event.evidence["n"] == 12
    assert event.evidence["began_at"] < event.evidence["fired_at"]
    assert event.decided_at == now.at
    incident = Incident.objects.get()
    assert incident.dedupe_key == "guardrail:success:chat"
    assert incident.severity == "critical"
    assert Notice.objects.filter(incident=incident).exists()
    assert {
        change.actor for change in FlagChange.objects.filter(source="rollback")
    } == {"evaluator"}


@pytest.mark.usefixtures("production")
def test_tick__healthy_conversations__nothing_is_done(now: FakeClock) -> None:
    # Given
    observe(200)
    observe(10, failed=1)

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.acted) == ("none", False)
    assert evaluation.because == "All guardrails hold."
    assert actions.features_on() == frozenset(Feature)
    assert Incident.objects.exists() is False


@pytest.mark.usefixtures("production")
def test_tick__synthetic_conversations__say_nothing(now: FakeClock) -> None:
    # Given
    observe(50, failed=5, outcome="failed", is_synthetic=True)

    # When
    evaluation = tick()

    # Then
    assert evaluation.action == "none"
    assert DetectorState.objects.exists() is False


@pytest.mark.usefixtures("production")
def test_tick__again__each_conversation_counts_once_and_in_order(
    now: FakeClock,
) -> None:
    # Given
    for number in range(6):
        observe(3, failed=number % 2, turns=4, slow_3s=number % 3)
        now.advance(minutes=1)
        tick()
    # One that became visible late, with an id from before.
    late = observe(1, failed=5)[0]
    Observation.objects.filter(pk=late.pk).update(id=-1)
    tick()
    tick()

    # When
    run = Plan.objects.get().run
    again = evidence.replay_detectors(run, evaluate.policy_in_force(), now.at)

    # Then
    rows = {
        (row.guardrail, row.level, row.channel): evidence.track_of(row)
        for row in DetectorState.objects.all()
    }
    assert rows["success", "warn", "chat"].n == 19
    assert {key: track.held for key, track in rows.items()} == {
        key: track.held for key, track in again.tracks.items()
    }
    assert Observation.objects.filter(scored_in=None).exists() is False


@pytest.mark.usefixtures("production")
def test_tick__stage_entered_again__evidence_starts_clean(now: FakeClock) -> None:
    # Given
    observe(4, failed=5)
    tick()

    # When
    now.advance(minutes=1)
    enter("production")
    observe(4, failed=5)
    evaluation = tick()

    # Then
    assert evaluation.action == "none"
    run = Plan.objects.get().run
    assert DetectorState.objects.get(run=run, guardrail="success", level="warn").n == 4


@pytest.mark.usefixtures("production")
def test_tick__rolled_back_already__does_not_act_again(now: FakeClock) -> None:
    # Given
    observe(12, failed=5, outcome="failed")
    tick()
    events = RollbackEvent.objects.count()

    # When
    now.advance(minutes=40)
    observe(5, failed=5, outcome="failed")
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.acted) == ("none", False)
    assert RollbackEvent.objects.count() == events
    shown = verdicts.latest_verdicts()
    assert (Guardrail.SUCCESS, Level.BREACH) in {
        (verdict.guardrail, verdict.level) for verdict in shown.verdicts
    }


@pytest.mark.usefixtures("production")
def test_tick__voice_alone_fails__chat_goes_on(now: FakeClock) -> None:
    # Given
    observe(60)
    observe(25, channel="voice", failed=2, cost="0.30")

    # When
    evaluation = tick()

    # Then
    assert evaluation.action == "partial"
    assert actions.features_on() == frozenset(Feature) - {Feature.VOICE}


def test_tick__every_feature_off__shows_and_does_nothing(now: FakeClock) -> None:
    # Given
    enter("production")
    observe(12, failed=5, outcome="failed")

    # When
    evaluation = tick()

    # Then
    assert (evaluation.action, evaluation.acted) == ("none", False)
    assert any(v["level"] == "breach" for v in evaluation.verdicts)
    assert RollbackEvent.objects.exists() is False


def test_tick__nobody_judged_for_long__verdicts_are_silent(now: FakeClock) -> None:
    # Given
    tick()
    assert verdicts.latest_verdicts().is_silent is False

    # When
    now.advance(minutes=4)

    # Then
    assert verdicts.latest_verdicts().is_silent is True
    assert Evaluation.objects.count() == 1
    assert evaluate.run_evaluation() is not None


@pytest.mark.parametrize(
    ("guardrail", "level"), [("sucess", "warn"), ("success", "rolback")]
)
def test_detector__misspelt_name__is_refused_by_the_database(
    guardrail: str, level: str
) -> None:
    with pytest.raises(IntegrityError, match="detector_is_known"), transaction.atomic():
        DetectorState.objects.create(
            run=Plan.objects.get().run,
            guardrail=guardrail,
            channel="chat",
            level=level,
            log_threshold=10,
        )


def test_policy__every_guardrail__has_its_measure_and_its_row_in_the_matrix() -> None:
    policy = evaluate.policy_in_force()

    for guardrail in Guardrail:
        breach = Verdict(guardrail, "chat", Level.BREACH, value=1.0)
        assert decide([breach], Circumstances()).action > Action.NONE
    for guardrail in STATISTICAL:
        for watch in (DetectorLevel.WARN, DetectorLevel.ROLLBACK):
            assert policy.test(guardrail, watch).guardrail == guardrail
