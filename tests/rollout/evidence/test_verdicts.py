from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from rollout.evidence import verdicts
from rollout.models import CheckRun, Evaluation, Incident, Plan

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db
Kind = CheckRun.Kind


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def judged(days: float, *, action: str = "none", acted: bool = False) -> Evaluation:
    return Evaluation.objects.create(
        run=Plan.objects.get().run, at=ago(days), action=action, acted=acted
    )


def checked(days: float, *, kind: str = Kind.PROBE, passed: bool = True) -> CheckRun:
    return CheckRun.objects.create(
        kind=kind, passed=passed, release="1", actor="system", finished_at=ago(days)
    )


def kept() -> set[object]:
    return {*Evaluation.objects.all(), *CheckRun.objects.all()}


def test_purge__old__goes_but_for_what_was_decided_or_failed() -> None:
    # Given
    staying = {
        judged(89),
        judged(400, action="hold"),
        judged(400, acted=True),
        checked(89),
        checked(400, passed=False),
        checked(400, kind=Kind.SMOKE),
        checked(400, kind=Kind.PREFLIGHT),
    }
    judged(91)
    checked(91)

    # When
    count = verdicts.purge()

    # Then
    assert count == 2
    assert kept() == staying


def test_purge__near_an_incident__stays() -> None:
    # Given
    incident = Incident.objects.create(
        dedupe_key="x", title="x", severity="high", opened_by="odette"
    )
    Incident.objects.filter(pk=incident.pk).update(
        opened_at=ago(200), mitigated_at=ago(198), status="mitigated"
    )
    staying = {judged(200.02), judged(199), checked(199)}
    judged(201)
    judged(197)
    checked(197)

    # When
    verdicts.purge()

    # Then
    assert kept() == staying


def test_purge__more_than_one_step__goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST", 2)
    for _ in range(5):
        judged(91)

    assert verdicts.purge() == 5


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM rollout_evaluation WHERE at > now() - interval '89 days'",
        "DELETE FROM rollout_evaluation WHERE action = 'hold'",
        "DELETE FROM rollout_evaluation WHERE acted",
        "DELETE FROM rollout_checkrun WHERE NOT passed",
        "DELETE FROM rollout_checkrun WHERE kind = 'smoke'",
        "DELETE FROM rollout_checkrun WHERE finished_at > now() - interval '89 days'",
        "UPDATE rollout_evaluation SET because = 'another'",
        "UPDATE rollout_checkrun SET passed = true",
    ],
)
def test_rounds__by_hand__what_stays_is_refused(statement: str) -> None:
    # Given
    judged(1)
    judged(400, action="hold")
    judged(400, acted=True)
    checked(1)
    checked(400, passed=False)
    checked(400, kind=Kind.SMOKE)

    # Then
    with (
        pytest.raises(Error, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
