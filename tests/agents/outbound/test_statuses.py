from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.inbound import process_events
from agents.models import Conversation, HandOff, MessageStatus, OutboundMessage
from agents.outbound import next_to_send, sending, statuses
from tests import payloads
from tests.agents.channel import post
from tests.agents.outbound.delivering import deliver, make_conversation, make_due, say
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State


def test_statuses__out_of_order_and_repeated__only_forward(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)
    [taken] = graph.sent

    # When
    for state in ("read", "failed", "read", "delivered", "sent"):
        post(graph.status_webhook(taken, state))
    process_events.process_stored_events()

    # Then
    message.refresh_from_db()
    assert message.state == State.READ
    assert message.delivered_at is not None
    assert MessageStatus.objects.count() == 4


def test_statuses__before_the_answer_is_stored__attached(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    next_to_send.claim_next(conversation_id=conversation.pk)
    post(payloads.webhook(payloads.status("wamid.EARLY", "delivered")))
    process_events.process_stored_events()
    assert MessageStatus.objects.get().outbound is None

    # When
    sending.record_sent(message.pk, "wamid.EARLY")

    # Then
    message.refresh_from_db()
    assert message.state == State.DELIVERED
    assert MessageStatus.objects.get().outbound == message


def test_statuses__permanent_failure__handoff(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)

    # When
    post(graph.status_webhook(graph.sent[0], "failed", error=131026))
    process_events.process_stored_events()

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "131026")
    assert HandOff.objects.get().kind == HandOff.Kind.UNDELIVERED


def test_statuses__transient_failure__sent_again(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)

    # When
    post(graph.status_webhook(graph.sent[0], "failed", error=131000))
    process_events.process_stored_events()
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, len(graph.sent)) == (State.SENT, 2)


def test_statuses__failure_of_an_earlier_attempt__changes_nothing(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given: the first try was taken, its answer lost; the second is sent
    graph.script(fake.lose_answer())
    message = say(conversation, "hello")
    deliver(conversation)
    make_due()
    deliver(conversation)
    first, second = graph.sent

    # When
    post(graph.status_webhook(first, "failed", error=131000))
    post(graph.status_webhook(first, "delivered"))
    post(graph.status_webhook(second, "sent"))
    process_events.process_stored_events()
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, len(graph.sent)) == (State.DELIVERED, 2)


def test_statuses__failure_repeated__one_more_attempt(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)
    [taken] = graph.sent

    # When
    for word in ("failed", "failed", "sent"):
        post(graph.status_webhook(taken, word, error=131000))
        process_events.process_stored_events()

    # Then: it waits for its next try, whatever comes late
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.QUEUED, 1)


def test_statuses__failure_before_the_answer__applied_when_the_answer_is_stored(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    next_to_send.claim_next(conversation_id=conversation.pk)
    opaque = str(message.public_id)
    post(
        payloads.webhook(
            payloads.status("wamid.EARLY", "failed", opaque=opaque, error=131026)
        )
    )
    process_events.process_stored_events()
    message.refresh_from_db()
    assert message.state == State.SENDING

    # When
    sending.record_sent(message.pk, "wamid.EARLY")

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "131026")


def stored_status(
    minutes: float, *, outbound: OutboundMessage | None = None
) -> MessageStatus:
    row = MessageStatus.objects.create(
        outbound=outbound,
        provider_id_hmac=bytes([int(minutes) % 256, outbound is None]) * 16,
        status="sent",
        sent_at=timezone.now(),
    )
    MessageStatus.objects.filter(pk=row.pk).update(
        received_at=timezone.now() - timedelta(minutes=minutes)
    )
    return row


def sent_message(body: str, days: float, state: str = State.SENT) -> OutboundMessage:
    message = say(make_conversation(name=body), body)
    at = timezone.now() - timedelta(days=days)
    OutboundMessage.objects.filter(pk=message.pk).update(state=state, handed_over_at=at)
    return message


@pytest.mark.django_db
@pytest.mark.usefixtures("whatsapp")
def test_purge__stray_statuses__deleted_after_ten_minutes() -> None:
    # Given: one may still wait for the answer to our own request
    message = say(make_conversation(), "hello")
    young, known = stored_status(9), stored_status(500, outbound=message)
    stored_status(11)

    # When
    count = statuses.purge()

    # Then
    assert count == 1
    kept = set(MessageStatus.objects.values_list("pk", flat=True))
    assert kept == {young.pk, known.pk}


@pytest.mark.django_db
@pytest.mark.usefixtures("whatsapp")
def test_purge__not_delivered_in_thirty_days__failed_with_a_handoff() -> None:
    # Given
    old = sent_message("old", 31)
    others = [
        sent_message("young", 29),
        sent_message("arrived", 31, State.DELIVERED),
        sent_message("read", 31, State.READ),
    ]

    # When
    counts = [statuses.purge(), statuses.purge()]

    # Then
    assert counts == [1, 0]
    old.refresh_from_db()
    assert (old.state, old.error_code) == (State.FAILED, "not_arrived")
    hand_off = HandOff.objects.get()
    assert (hand_off.kind, hand_off.profile) == (
        HandOff.Kind.UNDELIVERED,
        old.conversation.profile,
    )
    states = [OutboundMessage.objects.get(pk=each.pk).state for each in others]
    assert states == [State.SENT, State.DELIVERED, State.READ]
