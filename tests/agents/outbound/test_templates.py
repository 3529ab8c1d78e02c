"""Fallback templates outside the window, and in English if necessary."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import OutboundMessage
from agents.whatsapp.graph_client import Template
from tests.agents.outbound.delivering import deliver, make_due, say
from tests.fakes import graph as fake

if TYPE_CHECKING:
    from agents.models import Conversation
    from tests.fakes.graph import FakeGraph

State = OutboundMessage.State
ISSUED = Template("voucher_issued", "rw_RW", ("RWF 10,000", "V1", "1234"))


def shut(conversation: Conversation) -> None:
    conversation.window_closes_at = timezone.now() - timedelta(minutes=5)
    conversation.save(update_fields=["window_closes_at"])


def sent_templates(graph: FakeGraph) -> list[tuple[str, str]]:
    found = [taken.body["template"] for taken in graph.sent]
    return [(each["name"], each["language"]["code"]) for each in found]


def test_deliver__window_closed_after_enqueueing__fallback_template_sent(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello", fallback=ISSUED)
    shut(conversation)

    # When
    deliver(conversation)

    # Then
    assert sent_templates(graph) == [("voucher_issued", "rw_RW")]
    message.refresh_from_db()
    assert message.state == State.SENT


def test_deliver__window_closed_by_meta__fallback_template_sent(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given: by our clock it is open
    message = say(conversation, "hello", fallback=ISSUED)
    graph.script(fake.refuse(131047))

    # When
    deliver(conversation)
    make_due()
    deliver(conversation)

    # Then
    assert sent_templates(graph) == [("voucher_issued", "rw_RW")]
    message.refresh_from_db()
    assert message.state == State.SENT


def test_deliver__template_not_in_the_language__sent_in_english(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello", template=ISSUED)
    graph.script(fake.refuse(132001, 404))

    # When
    deliver(conversation)
    make_due()
    deliver(conversation)

    # Then
    assert sent_templates(graph) == [("voucher_issued", "en")]
    parameters = graph.sent[0].body["template"]["components"][0]["parameters"]
    assert [each["text"] for each in parameters] == list(ISSUED.parameters)
    message.refresh_from_db()
    assert message.state == State.SENT


def test_deliver__template_not_in_english_either__failed(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    message = say(conversation, "hello", template=ISSUED)
    graph.script(fake.refuse(132001, 404), fake.refuse(132001, 404))

    # When
    for _ in range(3):
        deliver(conversation)
        make_due()

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "132001")
    assert graph.sent == []


@pytest.mark.parametrize("code", [132000, 132015])
def test_deliver__other_template_error__not_tried_in_english(
    graph: FakeGraph, conversation: Conversation, code: int
) -> None:
    message = say(conversation, "hello", template=ISSUED)
    graph.script(fake.refuse(code))

    deliver(conversation)

    message.refresh_from_db()
    assert message.state == State.FAILED
    assert message.extra["language"] == "rw_RW"
