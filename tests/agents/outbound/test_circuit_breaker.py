from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agents.inbound import process_events
from agents.models import Conversation, OutboundMessage, SendingLine
from agents.operations import backlog
from agents.outbound import circuit_breaker, next_to_send, sending
from agents.whatsapp.error_table import Scope
from rollout.models import Incident, Notice
from tests import payloads
from tests.agents.channel import jobs, post
from tests.agents.outbound.delivering import deliver, make_conversation, make_due, say
from tests.fakes import graph as fake
from tests.vouchers.racing import race

if TYPE_CHECKING:
    from django.test import Client

    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State


@pytest.fixture
def stopped(graph: FakeGraph, conversation: Conversation) -> OutboundMessage:
    """The token has expired; one message waits."""
    graph.script(fake.refuse(190, 401))
    message = say(conversation, "first")
    deliver(conversation)
    return message


def pause_ends() -> None:
    SendingLine.objects.update(
        held_until=timezone.now(), probe_id=None, probe_expires_at=None
    )


def test_open_circuit__token_expired__one_notice_and_one_incident(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given
    line = SendingLine.objects.get()
    assert (line.is_open, line.holds, line.error_code) == (True, 1, "190")

    # When: the probe fails as well
    pause_ends()
    graph.script(fake.refuse(190, 401))
    deliver(stopped.conversation)

    # Then
    line.refresh_from_db()
    assert (line.is_open, line.holds) == (True, 2)
    assert line.held_until > timezone.now() + timedelta(seconds=90)
    incident = Incident.objects.get()
    assert (incident.severity, incident.status) == ("high", "open")
    assert "190" in Notice.objects.get().text
    stopped.refresh_from_db()
    assert (stopped.state, stopped.attempts) == (State.QUEUED, 0)


def test_probe__accepted__closes_and_sends_the_rest(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given
    other = make_conversation(msisdn="+250788654321")
    say(other, "other")
    pause_ends()

    # When: the other message is the probe
    deliver(stopped.conversation)
    deliver(other)
    deliver(stopped.conversation)

    # Then
    assert [taken.text for taken in graph.sent] == ["other", "first"]
    line = SendingLine.objects.get()
    assert (line.is_open, line.holds, line.closed_by) == (False, 0, "easymo")
    assert Incident.objects.get().status == "mitigated"


def test_probe__being_sent__other_messages_wait(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given
    others = [make_conversation(msisdn=f"+25078865432{n}") for n in range(4)]
    for n, other in enumerate(others):
        say(other, f"other {n}")
    pause_ends()

    # When
    results = race(
        *[
            lambda pk=each.pk: next_to_send.claim_next(conversation_id=pk)
            for each in (stopped.conversation, *others)
        ]
    )

    # Then
    assert sum(isinstance(each, next_to_send.ClaimedMessage) for each in results) == 1
    assert sum(isinstance(each, next_to_send.Wait) for each in results) == 4


def test_probe__refused_for_the_recipient__circuit_closed(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given
    pause_ends()
    graph.script(fake.accept(), fake.refuse(131026))

    # When
    deliver(stopped.conversation)

    # Then
    assert not SendingLine.objects.get().is_open


def test_probe__inconclusive__next_message_is_the_probe(
    graph: FakeGraph, stopped: OutboundMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(sending, "LONGEST_WAIT_S", 0.0)
    pause_ends()
    # Meta is asked for the number's state first.
    graph.script(fake.accept(), fake.refuse(131000, 500))

    # When
    deliver(stopped.conversation)

    # Then
    line = SendingLine.objects.get()
    assert (line.is_open, line.probe_id) == (True, None)


def test_open_circuit__by_status__closed_by_a_status_only(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "first")
    deliver(conversation)
    post(graph.status_webhook(graph.sent[0], "failed", error=131042))
    process_events.process_stored_events()
    message.refresh_from_db()
    assert (message.state, SendingLine.objects.get().is_open) == (State.QUEUED, True)

    # When
    pause_ends()
    make_due()
    deliver(conversation)

    # Then: taken is not enough
    assert SendingLine.objects.get().is_open

    # When
    post(graph.status_webhook(graph.sent[1], "sent"))
    process_events.process_stored_events()

    # Then
    assert not SendingLine.objects.get().is_open


def test_probe__refused_for_the_recipient_after_a_status__stays_open(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given: trouble that came as a status
    message = say(conversation, "first")
    deliver(conversation)
    post(graph.status_webhook(graph.sent[0], "failed", error=131031))
    process_events.process_stored_events()
    assert SendingLine.objects.get().is_open

    # When: the answer to the probe is about its recipient
    pause_ends()
    make_due()
    # Meta is asked for the account's state first.
    graph.script(fake.accept(), fake.refuse(131026))
    deliver(conversation)

    # Then: no status has shown that the account works
    message.refresh_from_db()
    assert message.state == State.FAILED
    line = SendingLine.objects.get()
    assert (line.is_open, line.probe_id) == (True, None)


def test_open_circuit__again_soon_after__one_notice(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given: a colleague says that the trouble is over
    line = SendingLine.objects.get()
    circuit_breaker.close_manually(sender=line, reason="new token", actor="odette")

    # When: it is not
    graph.script(fake.refuse(190, 401))
    deliver(stopped.conversation)

    # Then
    assert SendingLine.objects.get().is_open
    assert Incident.objects.get().status == "open"
    assert Notice.objects.filter(text__contains="190").count() == 1


@pytest.mark.parametrize(
    ("number", "marked"),
    [("999000111222333", False), (payloads.PHONE_NUMBER_ID, True)],
    ids=["of another number", "of the simulator"],
)
def test_webhook__errors_that_are_not_ours__nothing_held(
    conversation: Conversation, number: str, *, marked: bool
) -> None:
    envelope = payloads.envelope()
    value = envelope["entry"][0]["changes"][0]["value"]
    value["metadata"]["phone_number_id"] = number
    value["errors"] = [{"code": 131031}]

    post(payloads.dumps(envelope), marked=marked)
    process_events.process_stored_events()

    assert not SendingLine.objects.filter(is_open=True).exists()


def test_sweep__circuit_open__enqueues_no_delivery(
    graph: FakeGraph, stopped: OutboundMessage
) -> None:
    # Given
    long_ago = timezone.now() - timedelta(minutes=1)
    OutboundMessage.objects.update(created_at=long_ago)

    # When
    backlog.enqueue_waiting()
    assert jobs("agents.tasks.deliver") == []
    pause_ends()
    backlog.enqueue_waiting()

    # Then
    waiting = {"conversation_id": stopped.conversation_id}
    assert jobs("agents.tasks.deliver") == [waiting]


def test_slow_down__many_errors_at_once__count_as_one(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    messages = [
        say(make_conversation(msisdn=f"+25078865432{n}"), f"m{n}") for n in range(3)
    ]

    # When
    for message in messages:
        with transaction.atomic():
            circuit_breaker.slow_down(
                message, scope=Scope.NUMBER, code="130429", first_s=5.0
            )

    # Then
    line = SendingLine.objects.get()
    assert (line.holds, line.is_open) == (1, False)
    assert Incident.objects.count() == 0


def test_admin__close__asks_for_a_reason_and_sends_again(
    graph: FakeGraph, stopped: OutboundMessage, admin_client: Client
) -> None:
    # Given
    page = reverse("admin:agents_sendingline_change", args=["account"])
    assert "token has expired" in admin_client.get(page).content.decode()
    url = reverse("admin:agents_sendingline_close_one", args=["account"])
    key = admin_client.get(url).context["form"]["key"].initial

    # When
    admin_client.post(url, {"key": key, "reason": ""})
    assert SendingLine.objects.get().is_open
    admin_client.post(url, {"key": key, "reason": "new token"})

    # Then
    line = SendingLine.objects.get()
    assert (line.is_open, line.close_reason) == (False, "new token")
    taken = next_to_send.claim_next(conversation_id=stopped.conversation_id)
    assert isinstance(taken, next_to_send.ClaimedMessage)
