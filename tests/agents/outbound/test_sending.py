from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.models import (
    Conversation,
    HandOff,
    Identity,
    OutboundMessage,
)
from agents.operations import backlog
from agents.outbound import next_to_send, send_rate, sending, simulated
from agents.whatsapp import graph_client
from tests.agents.channel import jobs
from tests.agents.outbound.delivering import deliver, make_conversation, make_due, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.graph import FakeGraph


State = OutboundMessage.State


def test_deliver__two_messages__sent_in_order_with_our_id(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    first = say(conversation, "first")
    say(conversation, "second?", buttons=[("confirm:1", "Yes"), ("decline:1", "No")])

    # When
    deliver(conversation)

    # Then
    assert [taken.text for taken in graph.sent] == ["first", "second?"]
    assert graph.sent[0].to == "+250788123456"
    assert graph.sent[0].body["biz_opaque_callback_data"] == str(first.public_id)
    assert graph.sent[1].buttons == ["confirm:1", "decline:1"]
    first.refresh_from_db()
    assert (first.state, first.provider_id) == (State.SENT, graph.sent[0].id)
    assert first.handed_over_at is not None


def test_enqueue__same_cause_twice__one_message(conversation: Conversation) -> None:
    # When
    first = say(conversation, "once")
    second = say(conversation, "once")

    # Then
    assert first.pk == second.pk


def test_deliver__person_without_a_number__sent_to_the_user_id(
    graph: FakeGraph,
) -> None:
    # Given
    conversation = make_conversation()
    Identity.objects.create(
        kind="bsuid", value="RW.13491208655302741918", profile=conversation.profile
    )
    say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    assert graph.sent[0].body["recipient"] == "RW.13491208655302741918"
    assert "to" not in graph.sent[0].body


def test_deliver__sandbox_person__never_reaches_the_graph_api(graph: FakeGraph) -> None:
    # Given
    conversation = make_conversation(msisdn="+250788000001", is_sandbox=True)
    message = say(conversation, "hello", buttons=[("confirm:1", "Yes")])

    # When
    deliver(conversation)

    # Then
    assert graph.sent == []
    message.refresh_from_db()
    assert message.state == State.DELIVERED
    shown = simulated.open_delivery(message.simulated)
    assert (shown.body, shown.buttons) == ("hello", (("confirm:1", "Yes"),))


def test_deliver__no_token__simulated(
    graph: FakeGraph, conversation: Conversation, whatsapp: SettingsWrapper
) -> None:
    # Given
    whatsapp.WA_TOKEN = ""
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    assert graph.sent == []
    assert simulated.open_delivery(message.simulated).body == "hello"


@pytest.mark.parametrize("seconds", [30, -3600])
def test_deliver__window_closed_or_nearly__failed_with_a_handoff(
    graph: FakeGraph, conversation: Conversation, seconds: int
) -> None:
    # Given
    conversation.window_closes_at = timezone.now() + timedelta(seconds=seconds)
    conversation.save()
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    assert graph.sent == []
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "131047")
    assert HandOff.objects.get().kind == HandOff.Kind.UNDELIVERED


def test_deliver__window_closed__template_sent(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    conversation.window_closes_at = None
    conversation.save()
    template = graph_client.Template("voucher_issued", "en", ("RWF 10,000", "V1", "x"))
    say(conversation, "hello", template=template)

    # When
    deliver(conversation)

    # Then
    assert graph.sent[0].body["template"]["name"] == "voucher_issued"


def test_deliver__chat_turned_off_before_sending__cancelled(
    graph: FakeGraph, conversation: Conversation, switch: Callable[..., None]
) -> None:
    # Given
    message = say(conversation, "hello")
    switch(chat=False)

    # When
    deliver(conversation)

    # Then
    assert graph.sent == []
    message.refresh_from_db()
    assert message.state == State.CANCELLED


def test_deliver__worker_died_while_sending__sent_within_a_minute(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    next_to_send.claim_next(conversation_id=conversation.pk)
    message.refresh_from_db()
    assert message.state == State.SENDING
    OutboundMessage.objects.update(lease_expires_at=timezone.now())

    # When
    backlog.enqueue_waiting()
    deliver(conversation)

    # Then
    assert jobs("agents.tasks.deliver") == [{"conversation_id": conversation.pk}]
    message.refresh_from_db()
    assert message.state == State.UNKNOWN
    assert message.next_attempt_at < timezone.now() + timedelta(seconds=40)

    # When
    make_due()
    deliver(conversation)

    # Then
    assert [taken.text for taken in graph.sent] == ["hello"]


def test_deliver__another_worker_sends__keeps_the_order(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    say(conversation, "first")
    say(conversation, "second")
    next_to_send.claim_next(conversation_id=conversation.pk)

    # When
    sent = deliver(conversation)

    # Then
    assert (sent, graph.sent) == (0, [])


def test_deliver__too_many_in_a_minute__waits(
    graph: FakeGraph, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(sending, "LONGEST_WAIT_S", 0.0)
    for n in range(send_rate.PAIR.burst + 3):
        say(conversation, f"number {n}")

    # When
    deliver(conversation)

    # Then
    assert len(graph.sent) == send_rate.PAIR.burst


def test_deliver__number_has_no_token_now__waits_once_for_its_moment(
    graph: FakeGraph, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: other conversations have taken the tokens of the next 0.3 seconds
    for n in range(28):
        send_rate.take(conversation_id=-n, phone_number_id=conversation.phone_number_id)
    asked = []
    usual = send_rate.take

    def counted(**given: Any) -> object:
        asked.append(given)
        return usual(**given)

    monkeypatch.setattr(send_rate, "take", counted)
    say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    assert len(graph.sent) == 1
    assert len(asked) == 1
