from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from rollout.models import Evaluation, RollbackEvent
from tests.rollout.guardrail_cases import NOON, enter, observe

pytestmark = pytest.mark.django_db
HOURS = ["--from", "2046-03-01", "--to", "2046-03-31"]


def replayed(*arguments: str) -> dict[str, list[dict[str, str]]]:
    out = StringIO()
    call_command("rollout", "replay", *HOURS, "--json", *arguments, stdout=out)
    found: dict[str, list[dict[str, str]]] = json.loads(out.getvalue())["policies"]
    return found


def a_day(*, failed_from: int, failed: int = 4) -> None:
    """Ten conversations an hour; from an hour on most of their calls fail."""
    for hour in range(24):
        for minute in range(0, 60, 6):
            at = NOON + timedelta(hours=hour, minutes=minute)
            # A healthy one fails once in a while.
            bad = failed if hour >= failed_from else int(minute == 0 and hour % 3 == 0)
            observe(1, failed=bad, started_at=at, finished_at=at)


def test_replay__agent_breaks_at_noon__says_when_and_writes_nothing() -> None:
    # Given
    enter("production")
    a_day(failed_from=12)

    # When
    events = replayed()["default"]

    # Then
    first = next(event for event in events if event["action"] == "quick")
    assert first["guardrail"] == "success:chat"
    assert first["at"].startswith(("2046-03-02T22", "2046-03-02T23"))
    assert "of tool calls fail on chat over" in first["because"]
    assert Evaluation.objects.exists() is False
    assert RollbackEvent.objects.exists() is False


def test_replay__one_bad_hour_of_a_healthy_agent__naive_acts_and_ours_does_not() -> (
    None
):
    # Given: two conversations at night, one of which fails
    enter("production")
    a_day(failed_from=24)
    quiet = NOON + timedelta(hours=30)
    observe(1, started_at=quiet, finished_at=quiet)
    observe(1, failed=2, started_at=quiet, finished_at=quiet)

    # When
    found = replayed("--policy", "default", "--policy", "naive60")

    # Then
    assert found["default"] == []
    # Once for the first conversation of all, once for the one at night.
    assert [event["action"] for event in found["naive60"]] == ["partial", "partial"]


def test_replay__in_words__one_line_each() -> None:
    # Given
    enter("beta")
    a_day(failed_from=12)
    out = StringIO()

    # When
    call_command("rollout", "replay", *HOURS, stdout=out)

    # Then
    assert "240 conversations from 2046-03-01 00:00" in out.getvalue()
    assert "evaluated as in beta." in out.getvalue()
    assert "2046-03-03 00:" in out.getvalue()


def test_replay__policy_as_json__changes_what_is_judged() -> None:
    # Given
    enter("production")
    a_day(failed_from=0, failed=1)
    cautious = '{"tests": {"success warn": {"q0": 0.02}}, "alpha": 0.5}'
    lenient = '{"tests": {"success warn": {"q0": 0.5, "levels": [0.9]}}}'

    # When
    found = replayed(*("--policy", cautious, "--policy", lenient, "--stage", "beta"))

    # Then
    assert found[cautious]
    assert not any(event["severity"] == "low" for event in found[lenient])


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (
            '{"tests": {"sucess rollback": {"q0": 0.1}}}',
            "no guardrail 'sucess rollback'",
        ),
        ('{"tests": {"success rolback": {}}}', "success rollback, success warn"),
        ('{"tests": {"success warn": {"q": 0.1}}}', "'q' is unknown"),
        ('{"expected": {"chatt": {"cost": 1}}}', "'chatt' is unknown"),
        ('{"alhpa": 0.1}', "'alhpa' is unknown"),
        ('{"alpha": 7}', "cannot be used"),
        ('{"tests": 7}', "cannot be used"),
        ('{"expected": {"chat": {"an_hour": 0}}}', "no positive number"),
        ('{"spend_times": NaN}', "no positive number"),
        ('{"alpha": ', "cannot be used"),
        ("naive", "default and naive60"),
    ],
)
def test_replay__misspelt_policy__is_refused(policy: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("rollout", "replay", "--policy", policy)


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "2026-02-30"])
def test_replay__no_date__is_refused(date: str) -> None:
    with pytest.raises(CommandError, match="Write a date"):
        call_command("rollout", "replay", "--from", date)
