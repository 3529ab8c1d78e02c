"""Breaches made on purpose are detected, rolled back and reported automatically."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Conversation
from agents.outcomes import recording
from easymo.observability import findings
from easymo.observability.leaks import QueuedFinding
from rollout.core.features import Feature
from rollout.flags import exposure
from rollout.guardrails import evaluate
from rollout.models import Incident, Notice, Plan, RollbackEvent
from rollout.reports.postmortem import postmortem
from tests.agents.cast import Person, make_cast
from tests.agents.outcomes.test_recording import talked
from tests.canaries import ALINE
from tests.rollout.guardrail_cases import enter
from tests.rollout.plan_cases import began
from vouchers.models import Profile

pytestmark = pytest.mark.django_db
AGO = timedelta(minutes=12)


@pytest.fixture
def people() -> list[Person]:
    """Twenty-five customers of a deployment in production."""
    make_cast()
    # The stage run of the migrations too: it must not be later than the next one.
    began(timezone.now() - timedelta(hours=3))
    enter("production")
    began(timezone.now() - timedelta(hours=2))
    found = []
    for number in range(25):
        profile = Profile.objects.create(msisdn=f"+2507885{number:05d}")
        chat = Conversation.objects.create(channel="whatsapp", profile=profile)
        found.append(Person(profile, chat))
    return found


@pytest.mark.parametrize(
    ("facts", "action", "says"),
    [
        ({}, "none", "All guardrails hold."),
        (
            {"error_code": "server_error"},
            "quick",
            "100% of tool calls fail on chat over 25 conversations.",
        ),
        ({"input_ended_at": -30}, "partial", "100% of turns are too slow on chat"),
        ({"cost": Decimal("0.90")}, "quick", "times what is planned on chat"),
        ({"cost": None}, "hold", "No figures for cost on chat."),
    ],
    ids=["healthy", "a model that fails", "a slow one", "an expensive one", "unpriced"],
)
def test_breach__of_the_model__is_measured_by_outcomes(
    people: list[Person], facts: dict[str, Any], action: str, says: str
) -> None:
    # Given
    if "input_ended_at" in facts:
        facts = {
            "input_ended_at": timezone.now()
            - AGO
            + timedelta(seconds=facts["input_ended_at"])
        }
    for person in people:
        talked(person, AGO, **facts)
    assert recording.record_finished() == len(people)

    # When
    evaluation = evaluate.run_evaluation()

    # Then
    assert evaluation is not None
    assert evaluation.action == action
    assert says in evaluation.because
    is_on = exposure.is_on(Feature.CHAT, str(people[0].profile.public_id))
    assert is_on is (action in {"none", "hold"})


def test_breach__model_that_fails__is_reported(people: list[Person]) -> None:
    # Given
    for person in people:
        talked(person, AGO, error_code="server_error")
    recording.record_finished()

    # When
    evaluate.run_evaluation()

    # Then
    incident = Incident.objects.get()
    assert (incident.severity, Plan.objects.get().state) == ("critical", "rolled_back")
    assert "100% of tool calls fail" in Notice.objects.filter(incident=incident)[0].text
    written = postmortem(incident)
    assert "| The harm began |" in written
    assert "| Detected |" in written
    assert "| quick rollback committed |" in written


def test_breach__customers_number_in_a_log__rolls_back() -> None:
    # Given
    make_cast()
    enter("production")
    Profile.objects.create(name=ALINE.name, msisdn=ALINE.msisdn)

    # When
    findings.write(
        [QueuedFinding("msisdn", "stdout", ALINE.msisdn, True, None)], Counter()
    )
    evaluation = evaluate.run_evaluation()

    # Then
    assert evaluation is not None
    assert evaluation.action == "full"
    assert RollbackEvent.objects.get().kind == "full"
    assert exposure.functions_are_removed() is True


@pytest.mark.parametrize("text", ["10000", "250788", "1799999999"])
def test_breach__unknown_number__no_rollback(text: str) -> None:
    # Given
    make_cast()
    enter("production")

    # When
    findings.write([QueuedFinding("msisdn", "stdout", text, False, None)], Counter())
    evaluation = evaluate.run_evaluation()

    # Then
    assert evaluation is not None
    assert evaluation.action == "none"
    assert exposure.is_on(Feature.CHAT, None) is True
