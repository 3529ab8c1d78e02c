from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from agents.core.jobs import enqueue_delivery
from agents.models import Conversation, Message, OutboundMessage, WebhookEvent
from agents.outbound import outbox
from tests import payloads
from tests.agents.channel import store
from tests.fakes import graph as fake
from tests.fakes.graph import FakeGraph
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.usefixtures("whatsapp")


@contextmanager
def worker(url: str, graph: FakeGraph) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as in production, against the fake Graph API."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "easymo.settings",
        "DATABASE_URL": url,
        "WHATSAPP_API_URL": graph.url,
        "WA_TOKEN": graph.token,
        "WA_PHONE_ID": graph.phone_number_id,
    }
    command = [sys.executable, "manage.py", "procrastinate", "worker"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def say(body: str) -> OutboundMessage:
    person, _ = Profile.objects.get_or_create(msisdn="+250788123456")
    conversation, _ = Conversation.objects.get_or_create(
        profile=person,
        phone_number_id=payloads.PHONE_NUMBER_ID,
        defaults={"window_closes_at": timezone.now() + timedelta(hours=20)},
    )
    message = outbox.enqueue(conversation=conversation, cause=f"t:{body}", body=body)
    enqueue_delivery(conversation_id=conversation.pk)
    return message


def test_worker__webhook_and_reply__processed_and_sent(
    committed_db: str, switch: Callable[..., None], settings: SettingsWrapper
) -> None:
    # Given
    switch(chat=True)
    with FakeGraph() as graph, worker(committed_db, graph):
        # When
        store(payloads.text("hello", sender="+250788654321"))
        say("a notice")

        # Then
        until(lambda: not WebhookEvent.objects.filter(state="received").exists())
        until(lambda: any(taken.text == "a notice" for taken in graph.sent))
        assert Message.objects.get().text == "hello"
        assert graph.rejected == []


def test_worker__killed_between_send_and_record__sent_once_and_the_next_after_it(
    committed_db: str, switch: Callable[..., None]
) -> None:
    # Given
    switch(chat=True)
    with FakeGraph() as graph:
        graph.script(fake.hang())
        with worker(committed_db, graph) as first:
            message = say("a notice")
            graph.wait_for(1)
            first.kill()
            first.wait()

        # When: its status reports the delivery
        with worker(committed_db, graph):
            opaque = str(message.public_id)
            item = payloads.status(graph.sent[0].id, "delivered", opaque=opaque)
            store(item)
            say("the next")
            until(lambda: len(graph.sent) == 2)

        # Then
        assert [taken.text for taken in graph.sent] == ["a notice", "the next"]
        message.refresh_from_db()
        assert message.state == OutboundMessage.State.DELIVERED
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE attempts > 1")
            assert cursor.fetchone() == (0,)
