from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.operations import value_checks
from rollout.models import Incident, Notice
from vouchers.models import Refusal

pytestmark = pytest.mark.django_db


def fail(devices: int, each: int, reason: str = "voucher_not_found") -> None:
    Refusal.objects.bulk_create(
        Refusal(
            operation="redeem",
            reason=reason,
            actor_kind="token",
            actor_id=str(device),
            channel="api",
        )
        for device in range(devices)
        for _ in range(each)
    )


def test_watch__fifty_devices_nine_codes_each__one_incident_one_notice() -> None:
    # Given: none of them is locked by itself
    fail(50, 9)

    # When
    opened = [value_checks.watch_guessing() for _ in range(3)]

    # Then
    assert opened == [True, False, False]
    incident = Incident.objects.get()
    assert incident.severity == Incident.Severity.HIGH
    assert "450" in Notice.objects.get().text


def test_watch__the_usual_mistakes__nothing() -> None:
    fail(9, 11)
    fail(200, 1, reason="not_issued")

    assert value_checks.watch_guessing() is False
    assert not Incident.objects.exists()


def test_watch__an_hour_ago__nothing() -> None:
    fail(50, 9)
    Refusal.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    assert value_checks.watch_guessing() is False
