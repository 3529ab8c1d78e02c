from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.channels.whatsapp import client
from agents.models import (
    Conversation,
    HandOff,
    Identity,
    MessageStatus,
    OutboundMessage,
    SendingLine,
)
from agents.services import delivery, ingest, outbox, simulated, sweep
from tests import payloads
from tests.agents.channel import jobs, post
from tests.fakes import graph as fake
from tests.fakes.graph import FakeGraph
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

State = OutboundMessage.State


@pytest.fixture
def graph(
    committed_db: str, whatsapp: SettingsWrapper, switch: Callable[..., None]
) -> Iterator[FakeGraph]:
    switch(chat=True)
    with FakeGraph() as server:
        whatsapp.WHATSAPP_API_URL = server.url
        whatsapp.WA_TOKEN = server.token
        yield server
        assert server.rejected == []


@pytest.fixture
def conversation(graph: FakeGraph) -> Conversation:
    return make_conversation(msisdn="+250788123456")


def make_conversation(**profile: Any) -> Conversation:
    person = Profile.objects.create(**profile)
    return Conversation.objects.create(
        profile=person,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        is_synthetic=person.is_sandbox,
        window_closes_at=timezone.now() + timedelta(hours=20),
    )


def say(conversation: Conversation, body: str, **fields: Any) -> OutboundMessage:
    return outbox.enqueue(
        conversation=conversation, cause=f"test:{body[:60]}", body=body, **fields
    )


def deliver(conversation: Conversation) -> int:
    async def _deliver() -> int:
        try:
            return await delivery.deliver(conversation_id=conversation.pk)
        finally:
            await client.close()

    return asyncio.run(_deliver())


def make_due() -> None:
    """Let every pause be over."""
    OutboundMessage.objects.exclude(next_attempt_at=None).update(
        next_attempt_at=timezone.now()
    )


def test_deliver__two_messages__in_their_order_with_our_id(
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


def test_deliver__person_without_a_number__sent_to_her_user_id(
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
    shown = simulated.show(message.simulated)
    assert (shown.body, shown.buttons) == ("hello", (("confirm:1", "Yes"),))


def test_deliver__no_token__stays_in_the_simulator(
    graph: FakeGraph, conversation: Conversation, whatsapp: SettingsWrapper
) -> None:
    # Given
    whatsapp.WA_TOKEN = ""
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    assert graph.sent == []
    assert simulated.show(message.simulated).body == "hello"


@pytest.mark.parametrize("seconds", [30, -3600])
def test_deliver__window_closed_or_nearly__not_sent_and_handed_over(
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


def test_deliver__window_closed__template_goes(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    conversation.window_closes_at = None
    conversation.save()
    template = client.Template("voucher_issued", "en", ("RWF 10,000", "V1", "x"))
    say(conversation, "hello", template=template)

    # When
    deliver(conversation)

    # Then
    assert graph.sent[0].body["template"]["name"] == "voucher_issued"


def test_deliver__chat_switched_off_meanwhile__cancelled(
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


@pytest.mark.parametrize("code", [1, 131000, 131016, 131056])
def test_deliver__passing_error__sent_on_a_later_try(
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


def test_deliver__graph_api_down__kept_until_it_is_back(
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


def test_deliver__never_taken__given_up_after_six_tries(
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
def test_deliver__final_error__not_tried_again(
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
def test_deliver__number_may_not_send__everything_waits(
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
    assert SendingLine.objects.get().held_until > timezone.now()

    # When
    SendingLine.objects.update(held_until=timezone.now())
    make_due()
    deliver(conversation)
    deliver(other)

    # Then
    assert [taken.text for taken in graph.sent] == ["hello", "another"]
    assert not SendingLine.objects.exists()


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
    ingest.drain()
    assert jobs("agents.tasks.deliver") == [{"conversation_id": conversation.pk}]
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.DELIVERED, 1)
    assert [taken.text for taken in graph.sent].count("hello") <= 1
    assert graph.sent[-1].text == "after it"


def test_deliver__answer_lost_and_no_status__tried_once_more(
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
    monkeypatch.setattr(client, "LONGEST_EXCHANGE_S", 0.3)
    graph.script(fake.hang())
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert message.state == State.UNKNOWN
    assert message.next_attempt_at > timezone.now() + timedelta(seconds=20)


def test_deliver__worker_died_while_sending__taken_up_within_a_minute(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    delivery.claim(conversation_id=conversation.pk)
    message.refresh_from_db()
    assert message.state == State.SENDING
    OutboundMessage.objects.update(lease_expires_at=timezone.now())

    # When
    sweep.wake_what_waits()
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


def test_deliver__another_worker_at_it__keeps_the_order(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    say(conversation, "first")
    say(conversation, "second")
    delivery.claim(conversation_id=conversation.pk)

    # When
    sent = deliver(conversation)

    # Then
    assert (sent, graph.sent) == (0, [])


def test_deliver__too_many_in_a_minute__waits(
    graph: FakeGraph, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(delivery, "PATIENCE_S", 0.0)
    for n in range(delivery.MOST_IN_PAIR_SPAN + 3):
        say(conversation, f"number {n}")

    # When
    deliver(conversation)

    # Then
    assert len(graph.sent) == delivery.MOST_IN_PAIR_SPAN


def test_statuses__out_of_order_and_repeated__only_forward(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)
    [taken] = graph.sent

    # When
    for state in ("read", "sent", "delivered", "failed", "read"):
        post(graph.status_webhook(taken, state))
    ingest.drain()

    # Then
    message.refresh_from_db()
    assert message.state == State.READ
    assert message.delivered_at is not None
    assert MessageStatus.objects.count() == 4


def test_statuses__before_our_answer_is_written_down__attached(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    delivery.claim(conversation_id=conversation.pk)
    post(payloads.webhook(payloads.status("wamid.EARLY", "delivered")))
    ingest.drain()
    assert MessageStatus.objects.get().outbound is None

    # When
    delivery.record_sent(message.pk, "wamid.EARLY")

    # Then
    message.refresh_from_db()
    assert message.state == State.DELIVERED
    assert MessageStatus.objects.get().outbound == message


def test_statuses__failed_for_good__handed_over(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)

    # When
    post(graph.status_webhook(graph.sent[0], "failed", error=131026))
    ingest.drain()

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "131026")
    assert HandOff.objects.get().kind == HandOff.Kind.UNDELIVERED


def test_statuses__failed_for_now__sent_again(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello")
    deliver(conversation)

    # When
    post(graph.status_webhook(graph.sent[0], "failed", error=131000))
    ingest.drain()
    make_due()
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, len(graph.sent)) == (State.SENT, 2)
