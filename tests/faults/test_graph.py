"""The Graph API down, hanging, or taking a message and losing the answer."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from agents.models import OutboundMessage
from tests.fakes import graph as graph_says
from tests.fakes import openai_answers as say
from tests.fakes.graph import FakeGraph
from tests.faults.brisk_worker import COMMAND
from tests.live import post, told_to, until, writes
from tests.worker import Worker

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.cast import Cast
    from tests.fakes.openai import FakeOpenAI

pytestmark = pytest.mark.slow

State = OutboundMessage.State


def free_port() -> int:
    with closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def test_graph__down__replies_wait_and_are_sent_once_in_order(
    committed_db: str, cast: Cast, client: Client, openai: FakeOpenAI
) -> None:
    # Given: no server listens there
    openai.respond_with(lambda _: say.text("Hello."))
    back = FakeGraph(port=free_port())
    back.close()
    with Worker(database_url=committed_db, graph=back, openai=openai, command=COMMAND):
        writes(client, cast.aline, "hello")
        writes(client, cast.bosco, "hello")
        until(
            lambda: (
                OutboundMessage.objects.filter(
                    state=State.QUEUED, attempts__gte=1
                ).count()
                == 2
            )
        )

        # When
        with FakeGraph(port=back.port) as graph:
            # Then
            until(lambda: OutboundMessage.objects.filter(state="sent").count() == 2)
            assert told_to(graph, cast.aline) == ["Hello."]
            assert told_to(graph, cast.bosco) == ["Hello."]


def test_graph__hanging_and_losing_answers__each_reply_arrives_once(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given: the first two messages are accepted, and their answers are lost
    openai.respond_with(lambda _: say.text("Hello."))
    graph.script(graph_says.hang(20), graph_says.lose_answer(), graph_says.drop())
    people = [cast.aline, cast.bosco, cast.claudine]
    for person in people:
        writes(client, person, "hello")
        until(lambda p=person: p.chat.outbound.filter(state=State.UNKNOWN).exists())

    # When: Meta reports what was delivered
    for taken in list(graph.sent):
        post(client, graph.status_webhook(taken, "delivered"))

    # Then: what was not delivered is sent once more
    until(
        lambda: (
            not OutboundMessage.objects.exclude(
                state__in=[State.DELIVERED, State.SENT]
            ).exists()
        )
    )
    assert OutboundMessage.objects.count() == 3
    assert [told_to(graph, person) for person in people] == [["Hello."]] * 3
