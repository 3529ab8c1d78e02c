from __future__ import annotations

import json

import pytest

from agents.models import ConsentEvent
from agents.services import consent, ingest
from tests import payloads
from tests.agents.channel import post
from vouchers.models import Profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

ALINE = "+250788123456"


def stop(*, marked: bool) -> None:
    """Let her settings say that she wants no more messages."""
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
    ingest.drain()


def test_take_preference__synthetic_webhook__stops_no_real_person() -> None:
    # Given
    Profile.objects.create(msisdn=ALINE)

    # When
    stop(marked=True)

    # Then
    assert not consent.is_stopped(Profile.objects.get())
    assert not ConsentEvent.objects.exists()


def test_take_preference__real_webhook__stops_no_sandbox_person() -> None:
    # Given
    Profile.objects.create(msisdn=ALINE, is_sandbox=True)

    # When
    stop(marked=False)

    # Then
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("marked", [False, True], ids=["real", "sandbox"])
def test_take_preference__person_of_the_same_world__stopped(marked: bool) -> None:
    # Given: the control
    aline = Profile.objects.create(msisdn=ALINE, is_sandbox=marked)

    # When
    stop(marked=marked)

    # Then
    assert consent.is_stopped(aline)
    assert ConsentEvent.objects.get().source == "preferences"
