"""Preferences of marketing messages that the customer sets in WhatsApp."""

from __future__ import annotations

import json

import pytest

from agents.identity import consent
from agents.inbound.process_events import process_stored_events
from agents.models import ConsentEvent
from tests import payloads
from tests.agents.channel import post
from vouchers.models import Profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

ALINE = "+250788123456"


def report_stop(*, marked: bool) -> None:
    """Report that the customer wants no more marketing messages."""
    body = payloads.envelope(field="user_preferences")
    body["entry"][0]["changes"][0]["value"]["user_preferences"] = [
        {
            "wa_id": ALINE.removeprefix("+"),
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": "1790000000",
        }
    ]
    post(json.dumps(body).encode(), marked=marked)
    process_stored_events()


def test_record_preference__synthetic_event_and_real_person__not_opted_out() -> None:
    # Given
    Profile.objects.create(msisdn=ALINE)

    # When
    report_stop(marked=True)

    # Then
    assert not consent.is_opted_out(Profile.objects.get())
    assert not ConsentEvent.objects.exists()


def test_record_preference__real_event_and_sandbox_person__not_opted_out() -> None:
    # Given
    Profile.objects.create(msisdn=ALINE, is_sandbox=True)

    # When
    report_stop(marked=False)

    # Then
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("marked", [False, True], ids=["real", "sandbox"])
def test_record_preference__event_and_person_match__opted_out(marked: bool) -> None:
    # Given: the control
    aline = Profile.objects.create(msisdn=ALINE, is_sandbox=marked)

    # When
    report_stop(marked=marked)

    # Then
    assert consent.is_opted_out(aline)
    assert ConsentEvent.objects.get().source == "preferences"
