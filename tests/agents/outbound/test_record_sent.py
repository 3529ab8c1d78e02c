"""Meta's answer is stored despite database failures and wrong clocks."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone

from agents.models import Conversation, OutboundMessage
from agents.outbound import next_to_send
from tests.agents.outbound.delivering import deliver, make_due, say
from tests.fakes import graph as fake
from tests.refusing import refusing

if TYPE_CHECKING:
    from tests.fakes.graph import FakeGraph, Taken

State = OutboundMessage.State
AWAY_S = 0.5


def test_deliver__database_read_only_after_the_answer__stored_later_and_sent_once(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given: between the claim and the answer
    message = say(conversation, "hello")
    stack = ExitStack()

    def come_back() -> None:
        stack.close()
        connections.close_all()

    def go(_: Taken) -> None:
        stack.enter_context(refusing("agents_outboundmessage", "25006"))
        connections.close_all()
        threading.Timer(AWAY_S, come_back).start()

    graph.tell(go)

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.SENT, 1)
    make_due()
    deliver(conversation)
    assert [taken.text for taken in graph.sent] == ["hello"]


@pytest.mark.parametrize("wrong", [-300, 300])
def test_claim_next__worker_with_a_wrong_clock__respects_the_lease(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    # Given: the sender's clock is behind, or the other worker's is ahead
    say(conversation, "hello")
    first, second = (wrong, 0) if wrong < 0 else (0, wrong)
    now = timezone.now

    def claim_at(offset: int) -> object:
        shifted = timedelta(seconds=offset)
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda: now() + shifted)
            return next_to_send.claim_next(conversation_id=conversation.pk)

    # When
    taken = [claim_at(first), claim_at(second)]

    # Then
    assert isinstance(taken[0], next_to_send.ClaimedMessage)
    assert taken[1] == next_to_send.Wait(next_to_send.OTHER_WORKER_S)


def test_deliver__error_with_a_good_status__is_an_error(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    graph.script(fake.refuse(131026, 200))
    message = say(conversation, "hello")

    # When
    deliver(conversation)

    # Then
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.FAILED, "131026")
