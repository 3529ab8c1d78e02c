"""Workers killed again and again during many conversations.

Everyone is answered once, every voucher is issued once. The full measure is
EASYMO_TEST_KILLS=20 EASYMO_TEST_CONVERSATIONS=200.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from agents.inbound import process_events
from agents.models import Message, OutboundMessage, Turn
from tests import payloads
from tests.agents.channel import post
from tests.fakes import openai_answers as say
from tests.faults.brisk_worker import COMMAND
from tests.live import until
from tests.worker import Worker
from vouchers.audit import verify as audit
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph, Taken
    from tests.fakes.openai import FakeOpenAI

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
KILLS = int(os.environ.get("EASYMO_TEST_KILLS", "5"))
CONVERSATIONS = int(os.environ.get("EASYMO_TEST_CONVERSATIONS", "40"))
State = OutboundMessage.State


def test_workers__killed_during_many_conversations__all_answered_and_done_once(
    committed_db: str, cast: Cast, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    for n in range(CONVERSATIONS):
        Profile.objects.create(msisdn=staff(n), role="staff", language="en")
        Profile.objects.create(msisdn=customer(n), name="Customer", language="en")
    openai.respond_with(order_then_words)
    statuses = Statuses(graph)
    graph.tell(statuses.taken)
    with Worker(
        database_url=committed_db,
        graph=graph,
        openai=openai,
        command=COMMAND,
        EASYMO_TEST_TURN_SECONDS="30",
    ) as worker:
        # When: people write, and each worker dies soon after it began to answer
        for kill in range(KILLS):
            for n in range(kill, CONVERSATIONS, KILLS):
                words = f"create voucher 1000 for {customer(n)}"
                post(payloads.webhook(payloads.text(words, sender=staff(n), name="")))
            asked = len(openai.requests)
            until(lambda asked=asked: len(openai.requests) > asked + 2)
            time.sleep(0.05 * (kill % 4))
            worker.kill()
            worker.start()
        until(all_is_told, seconds=240)

    # Then
    owners = Voucher.objects.values_list("owner__msisdn", flat=True)
    assert Counter(owners) == {customer(n): 1 for n in range(CONVERSATIONS)}
    receipts = [taken for taken in graph.sent if "RWF 1,000" in taken.text]
    told = Counter(taken.to for taken in receipts if taken.to.startswith("+2507884"))
    assert set(told) == {staff(n) for n in range(CONVERSATIONS)}
    rows = Counter(taken.body["biz_opaque_callback_data"] for taken in graph.sent)
    assert set(rows.values()) == {1}
    assert set(Counter((t.to, t.text) for t in graph.sent).values()) == {1}
    assert audit.verify().broken == []
    assert Turn.objects.filter(attempts__gt=1).exists(), "no turn was interrupted"


def staff(n: int) -> str:
    return f"+2507884{n:05d}"


def customer(n: int) -> str:
    return f"+2507885{n:05d}"


def order_then_words(body: dict[str, Any]) -> say.Answer:
    """Call the requested tool; answer with a short text after its result."""
    last = body["input"][-1]
    if last.get("type") == "function_call_output":
        return say.text("There you are.", delay=0.2)
    number = re.findall(r"\+2507885\d{5}", str(body["input"]))[-1]
    call = say.call(
        "create_voucher", amount=1000, currency=None, customer_msisdn=number
    )
    return say.calls(*call.output, delay=0.2)


def all_is_told() -> bool:
    connections.close_all()
    return (
        Voucher.objects.count() == CONVERSATIONS
        and not Message.objects.filter(state="waiting").exists()
        and not Turn.objects.filter(status=Turn.Status.RUNNING).exists()
        and not OutboundMessage.objects.filter(
            state__in=[State.QUEUED, State.SENDING, State.UNKNOWN]
        ).exists()
    )


class Statuses:
    """Meta reports the delivery of each message at once."""

    def __init__(self, graph: FakeGraph) -> None:
        self.graph = graph

    def taken(self, taken: Taken) -> None:
        body = self.graph.status_webhook(taken, "delivered")
        threading.Thread(target=self._post, args=(body,), daemon=True).start()

    def _post(self, body: bytes) -> None:
        try:
            post(body)
            process_events.process_stored_events()
        finally:
            connections.close_all()
