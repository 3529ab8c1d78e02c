from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from agents.inbound import process_events
from agents.models import (
    Message,
    SeenMessage,
    WebhookEvent,
)
from tests import payloads
from tests.agents.channel import jobs, store
from vouchers.codes import new_code
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


ALINE = "+250788123456"


BOSCO = "+250788654321"


State = Message.State


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


def test_process_stored_events__text_of_a_stranger__creates_a_customer_and_enqueues_one_turn() -> (
    None
):
    # When
    store(payloads.text("hello", sender=ALINE, name="Aline"))
    done = process_events.process_stored_events()

    # Then
    assert done == 1
    aline = Profile.objects.get(msisdn=ALINE)
    assert (aline.role, aline.name) == (Profile.Role.CUSTOMER, "Aline")
    message = Message.objects.get()
    assert (message.text, message.state, message.kind) == ("hello", "waiting", "text")
    conversation = message.conversation
    assert conversation.profile == aline
    assert conversation.window_closes_at > timezone.now() + timedelta(hours=23)
    assert jobs("agents.tasks.turn") == [{"conversation_id": conversation.pk}]
    assert WebhookEvent.objects.get().state == WebhookEvent.State.DONE


def test_process_stored_events__same_message_in_many_webhooks__received_once() -> None:
    # Given
    message = payloads.text("hello")
    for _ in range(5):
        store(message)

    # When
    process_events.process_stored_events()

    # Then
    assert Message.objects.count() == 1
    assert SeenMessage.objects.count() == 1
    assert len(jobs("agents.tasks.turn")) == 1


def test_process_stored_events__same_message_under_an_older_key__received_once(
    settings: pytest.FixtureRequest,
) -> None:
    # Given
    message = payloads.text("hello")
    store(message)
    process_events.process_stored_events()

    # When
    settings.EASYMO_KEYS = {"new": b"n" * 32, **settings.EASYMO_KEYS}
    store(message)
    process_events.process_stored_events()

    # Then
    assert Message.objects.count() == 1


def test_process_stored_events__ten_messages_shuffled_over_webhooks__ordered_as_sent() -> (
    None
):
    # Given
    start = time.time() - 60
    messages = [payloads.text(f"part {n}", at=start + n) for n in range(10)]
    random.Random(4).shuffle(messages)
    for message in messages:
        store(message)

    # When
    process_events.process_stored_events()

    # Then
    ordered = Message.objects.order_by("sent_at", "id").values_list("text", flat=True)
    assert list(ordered) == [f"part {n}" for n in range(10)]
    assert len(jobs("agents.tasks.turn")) == 1


def test_process_stored_events__two_people_in_one_batch__each_in_their_own_conversation() -> (
    None
):
    # When
    store(
        payloads.text("from Aline", sender=ALINE, name="Aline"),
        payloads.text("from Bosco", sender=BOSCO, name="Bosco"),
    )
    process_events.process_stored_events()

    # Then
    said = {m.conversation.profile.name: m.text for m in Message.objects.all()}
    assert said == {"Aline": "from Aline", "Bosco": "from Bosco"}
    assert len(jobs("agents.tasks.turn")) == 2


def test_process_stored_events__code_in_the_text__sealed_and_redacted() -> None:
    # Given
    code = new_code()

    # When
    store(payloads.text(f"redeem {code.formatted} at Kimironko"))
    process_events.process_stored_events()

    # Then
    message = Message.objects.get()
    assert message.text == "redeem [code 1] at Kimironko"
    assert code.digits.encode() not in bytes(message.codes_sealed)


def test_process_stored_events__button__its_id_and_title() -> None:
    # When
    store(payloads.button("confirm:1", "Yes, do it"))
    process_events.process_stored_events()

    # Then
    message = Message.objects.get()
    assert (message.button_id, message.text) == ("confirm:1", "Yes, do it")


def test_process_stored_events__timestamp__is_the_providers() -> None:
    # When
    store(payloads.text("hello", at=1_795_000_000))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().sent_at == datetime.fromtimestamp(1_795_000_000, UTC)
    assert connection.vendor == "postgresql"
