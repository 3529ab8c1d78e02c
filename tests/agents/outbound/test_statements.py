"""The number of database statements for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agents.inbound import process_events
from agents.models import Conversation, Identity, Message
from agents.outbound import next_to_send
from tests import payloads
from tests.agents.channel import store
from tests.agents.outbound.delivering import deliver, say
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.graph import FakeGraph, Taken

ALINE = "+250788123456"
# For one run, for one message, and for a new customer.
WEBHOOK, MESSAGE, STRANGER = 13, 9, 3


@pytest.fixture
def _chat(whatsapp: None, switch: Callable[..., None]) -> None:
    switch(chat=True)


def drained() -> int:
    with CaptureQueriesContext(connection) as queries:
        process_events.process_stored_events()
    return len(queries)


@pytest.mark.django_db
@pytest.mark.usefixtures("_chat")
def test_process_events__many_new_customers__few_statements_each() -> None:
    # Given
    for n in range(8):
        store(payloads.text("hello", sender=f"+2507881234{n:02d}"))

    # When
    statements = drained()

    # Then
    assert Message.objects.filter(state=Message.State.WAITING).count() == 8
    assert Identity.objects.filter(kind=Identity.Kind.WA_ID).count() == 8
    assert statements <= WEBHOOK + 8 * (MESSAGE + STRANGER)


@pytest.mark.django_db
@pytest.mark.usefixtures("_chat")
def test_process_events__known_customer__no_savepoint() -> None:
    # Given
    store(payloads.text("hello", sender=ALINE))
    process_events.process_stored_events()
    for _ in range(8):
        store(payloads.text("hello again", sender=ALINE))

    # When
    statements = drained()

    # Then
    assert (Profile.objects.count(), Conversation.objects.count()) == (1, 1)
    assert Message.objects.count() == 9
    assert statements <= WEBHOOK + 8 * MESSAGE


def test_deliver__enqueued_during_a_send__sent_by_the_same_job(
    graph: FakeGraph, conversation: Conversation
) -> None:
    # Given
    say(conversation, "first")

    def write_on(taken: Taken) -> None:
        if taken.text == "first":
            say(Conversation.objects.get(pk=conversation.pk), "second")
            connections.close_all()

    graph.tell(write_on)

    # When
    deliver(conversation)

    # Then
    assert [taken.text for taken in graph.sent] == ["first", "second"]


def test_deliver__no_more_messages__no_second_claim(
    graph: FakeGraph, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    say(conversation, "first")
    claims = []

    def counted(*, conversation_id: int, has_token: bool) -> object:
        claims.append(conversation_id)
        return next_to_send.claim_next(
            conversation_id=conversation_id, has_token=has_token
        )

    monkeypatch.setattr("agents.outbound.sending.claim_next", counted)

    # When
    deliver(conversation)

    # Then
    assert len(claims) == 1
