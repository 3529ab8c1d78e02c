from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import process_events
from agents.models import (
    Conversation,
    HandOff,
    Message,
    SeenMessage,
    WebhookEvent,
)
from tests import payloads
from tests.agents.channel import jobs, post, store
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


@pytest.mark.parametrize("kind", ["reaction", "system"])
def test_process_stored_events__silent_kinds__stored_without_a_turn(kind: str) -> None:
    # When
    store(payloads.message(kind, {"emoji": "x", "body": "y"}))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == State.SILENT
    assert jobs("agents.tasks.turn") == []


def test_process_stored_events__group_message__no_profile_and_no_turn() -> None:
    # When
    store(payloads.text("hello all", group_id="g1"))
    process_events.process_stored_events()

    # Then
    assert not Message.objects.exists()
    assert not Profile.objects.exists()


def test_process_stored_events__other_number_of_ours__not_answered_and_not_deduplicated() -> (
    None
):
    # When
    post(payloads.webhook(payloads.text("hello"), phone_number_id="999"))
    process_events.process_stored_events()

    # Then
    assert not Message.objects.exists()
    assert not SeenMessage.objects.exists()


def test_process_stored_events__other_field__ignored() -> None:
    # When
    post(payloads.webhook(payloads.text("hello"), field="account_update"))
    process_events.process_stored_events()

    # Then
    assert not Message.objects.exists()
    assert WebhookEvent.objects.get().state == WebhookEvent.State.DONE


def test_process_stored_events__older_than_a_day__kept_for_a_person() -> None:
    # When
    store(payloads.text("hello", at=time.time() - 25 * 3600))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == State.LATE
    assert HandOff.objects.get().kind == HandOff.Kind.LATE
    assert jobs("agents.tasks.turn") == []
    assert Conversation.objects.get().window_closes_at is None


def test_process_stored_events__future_timestamp__not_later_than_our_clock() -> None:
    # When
    store(payloads.text("hello", at=time.time() + 7 * 86_400))
    process_events.process_stored_events()

    # Then
    message = Message.objects.get()
    assert message.sent_at <= message.received_at
    assert message.conversation.window_closes_at < timezone.now() + timedelta(hours=25)


def test_process_stored_events__chat_off_for_a_known_person__never_answered_later(
    switch: Callable[..., None],
) -> None:
    # Given
    Profile.objects.create(msisdn=ALINE)
    switch(chat=False)
    message = payloads.text("hello")

    # When
    store(message)
    process_events.process_stored_events()
    switch(chat=True)
    store(message)
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == State.UNANSWERED
    assert jobs("agents.tasks.turn") == []


def test_process_stored_events__chat_off_for_a_stranger__no_profile_and_never_later(
    switch: Callable[..., None],
) -> None:
    # Given
    switch(chat=False)
    message = payloads.text("hello")

    # When
    store(message)
    process_events.process_stored_events()
    switch(chat=True)
    store(message)
    process_events.process_stored_events()

    # Then
    assert not Profile.objects.exists()
    assert not Message.objects.exists()


def test_process_stored_events__agent_paused__not_answered() -> None:
    # Given
    store(payloads.text("agent"))
    process_events.process_stored_events()
    Conversation.objects.update(paused_at=timezone.now())

    # When
    store(payloads.text("hello?"))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get(text="hello?").state == State.HANDED


def test_process_stored_events__sandbox_person__served_only_with_the_synthetic_mark() -> (
    None
):
    # Given
    Profile.objects.create(msisdn=ALINE, is_sandbox=True)
    Profile.objects.create(msisdn=BOSCO)

    # When
    store(payloads.text("unmarked"))
    store(payloads.text("marked"), marked=True)
    store(payloads.text("a real one, marked", sender=BOSCO), marked=True)
    store(payloads.text("a stranger, marked", sender="+250788999999"), marked=True)
    process_events.process_stored_events()

    # Then
    message = Message.objects.get()
    assert message.text == "marked"
    assert message.conversation.is_synthetic
    assert Profile.objects.count() == 2
