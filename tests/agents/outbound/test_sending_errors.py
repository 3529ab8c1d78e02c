from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import process_events
from agents.models import (
    Conversation,
    HandOff,
    OutboundMessage,
    SendingLine,
)
from agents.whatsapp import graph_client
from tests import payloads
from tests.agents.channel import jobs, post
from tests.agents.outbound.delivering import deliver, make_conversation, make_due, say
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.graph import FakeGraph


State = OutboundMessage.State


@pytest.mark.parametrize("code", [1, 131000, 131016, 131056])
def test_deliver__transient_error__sent_by_a_later_attempt(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    # Given
    graph.script(fake.refuse(code, 500, Retry_After="0"))
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 2)
    assert len(graph.sent) == 1


def test_deliver__graph_api_down__sent_when_it_is_back(
    graph: FakeGraph, conversation: Conversation, whatsapp: SettingsWrapper
) -> None:
    # Given
    url, whatsapp.WHATSAPP_API_URL = graph.url, "http://127.0.0.1:9/v26.0"
    message = say(conversation, "hello")
    OutboundMessage.objects.update(attempts=3)
    deliver(conversation)
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.QUEUED, "no_connection")

    # When
    whatsapp.WHATSAPP_API_URL = url
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert message.state == State.SENT


def test_deliver__never_accepted__failed_after_six_attempts(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    graph.script(*(fake.refuse(131000, 500) for _ in range(10)))
    message = say(conversation, "hello")
    OutboundMessage.objects.update(attempts=5)

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.FAILED, 6)
    assert HandOff.objects.filter(kind=HandOff.Kind.UNDELIVERED).exists()


@pytest.mark.parametrize("code", [131026, 131050, 131021, 100, 132001, 131047])
def test_deliver__permanent_error__no_retry(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    # Given
    graph.script(fake.refuse(code))
    message = say(conversation, "hello")

    # When
    deliver(conversation)
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, str(code))
    assert graph.sent == []
    conversation.refresh_from_db()
    assert (conversation.stopped_at is not None) == (code == 131050)
    assert (conversation.window_closes_at < timezone.now()) == (code == 131047)


@pytest.mark.parametrize("code", [190, 131031, 131042, 130429])
def test_deliver__number_stopped__all_messages_wait(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    # Given
    graph.script(fake.refuse(code, 401))
    first = say(conversation, "hello")
    OutboundMessage.objects.update(attempts=2)
    SendingLine.objects.create(
        pk=payloads.PHONE_NUMBER_ID, held_until=timezone.now(), error_code="x", holds=3
    )
    other = make_conversation(msisdn="+250788654321")
    say(other, "another")

    # When
    deliver(conversation)
    deliver(other)

    # Then
    assert graph.sent == []
    first.refresh_from_db()
    assert first.state == State.QUEUED
    assert SendingLine.objects.filter(held_until__gt=timezone.now()).count() == 1

    # When
    SendingLine.objects.update(held_until=timezone.now())
    make_due()
    for each in (conversation, other, conversation):
        deliver(each)

    # Then
    assert {taken.text for taken in graph.sent} == {"hello", "another"}
    assert len(graph.sent) == 2
    assert not SendingLine.objects.filter(holds__gt=0).exists()


@pytest.mark.parametrize(
    "script", [fake.lose_answer(), fake.raw(b"<html>"), fake.raw(b'{"mess')]
)
def test_deliver__answer_lost__waits_for_a_status_and_is_not_repeated(
    graph: FakeGraph, conversation: Conversation, script: fake.Script
) -> None:
    # Given
    graph.script(script)
    message = say(conversation, "hello")
    say(conversation, "after it")

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert message.state == State.UNKNOWN
    assert "after it" not in [taken.text for taken in graph.sent]

    # When
    taken = graph.sent[0] if graph.sent else fake.Taken("wamid.X", {}, 0.0)
    opaque = str(message.public_id)
    post(payloads.webhook(payloads.status(taken.id, "delivered", opaque=opaque)))
    process_events.process_stored_events()
    assert jobs("agents.tasks.deliver") == [{"conversation_id": conversation.pk}]
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.DELIVERED, 1)
    assert [taken.text for taken in graph.sent].count("hello") <= 1
    assert graph.sent[-1].text == "after it"


def test_deliver__answer_lost_and_no_status__one_more_attempt(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    graph.script(fake.drop(), fake.drop())
    message = say(conversation, "hello")
    deliver(conversation)

    # When
    make_due()
    deliver(conversation)
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.FAILED, 2)


def test_deliver__graph_api_hangs__outcome_unknown(
    graph: FakeGraph, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(graph_client, "LONGEST_EXCHANGE_S", 0.3)
    graph.script(fake.hang())
    # The time-out of the whole exchange ends it, not those of its parts.
    monkeypatch.setattr(graph_client, "TIMEOUT", 3_600.0)
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert message.state == State.UNKNOWN
    assert message.next_attempt_at > timezone.now() + timedelta(seconds=20)
