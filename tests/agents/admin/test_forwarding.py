from __future__ import annotations

import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.models import ForwardTarget
from tests.backoffice import signed_in

pytestmark = pytest.mark.django_db
TRY_NOW = "admin:agents_forwardeditem_try_now"


def test_try_now__operator__ends_the_pause_and_says_why() -> None:
    # Given
    url = reverse(TRY_NOW)

    # When
    signed_in("operator").post(url, {"key": uuid.uuid4(), "reason": "it is mended"})

    # Then
    assert ForwardTarget.objects.get().held_until is None
    assert LogEntry.objects.get().get_change_message() == "Tried now: it is mended"


def test_try_now__support__refused() -> None:
    answer = signed_in("support").post(reverse(TRY_NOW), {"reason": "please"})

    assert answer.status_code == 403
    assert not LogEntry.objects.exists()
