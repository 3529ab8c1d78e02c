from __future__ import annotations

import pytest

from agents.inbound import process_events
from agents.inbound.event_selection import MAX_FAIR_EVENTS, fair_order
from agents.models import Message, WebhookEvent
from tests import payloads
from tests.agents.channel import jobs, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

ALINE, BOSCO = "+250788123456", "+250788654321"


def test_fair_order__a_flood_first__other_sender_comes_first() -> None:
    # Given
    flood = [
        store(payloads.text(f"{n}", sender=ALINE)) for n in range(MAX_FAIR_EVENTS + 1)
    ]
    bosco = store(payloads.text("hello", sender=BOSCO))

    # Then
    assert fair_order(limit=50) == [bosco, *flood]
    assert fair_order(limit=1) == [bosco]
    assert fair_order(limit=2, exclude=[bosco]) == flood[:2]


def test_fair_order__few_messages_each__oldest_first() -> None:
    events = [
        store(payloads.text("a", sender=(ALINE, BOSCO)[n % 2])) for n in range(10)
    ]

    assert fair_order(limit=50) == events


def test_process_stored_events__waiting_event_jobs__are_discarded() -> None:
    # Given
    for n in range(3):
        store(payloads.text(f"{n}", sender=ALINE))
    assert len(jobs("agents.tasks.ingest")) == 3

    # When
    process_events.process_stored_events(limit=1)

    # Then
    assert jobs("agents.tasks.ingest") == []
    assert WebhookEvent.objects.filter(state="received").count() == 2
    assert Message.objects.count() == 0
