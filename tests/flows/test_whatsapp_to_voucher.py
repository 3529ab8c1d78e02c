"""From a signed webhook to a voucher and its receipt, the queue run for real."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils import timezone

from agents.models import DeadLetter, OutboundMessage, ToolCall, Turn
from tests import payloads
from tests.fakes import graph as graph_says
from tests.fakes import openai_answers as say
from tests.live import end_leases, post, told_to, until, writes
from vouchers.audit import verify as audit

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI
    from tests.worker import Worker

ORDER = "create voucher 5000 for +250788100001"
CALL = say.call(
    "create_voucher", amount=5000, currency=None, customer_msisdn="+250788100001"
)


def test_order_of_staff__signed_webhook__one_voucher_its_trail_and_its_receipts(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(CALL, say.text("There you are."))
    body = payloads.webhook(payloads.text(ORDER, sender=str(cast.diane.profile.msisdn)))

    # When: the same webhook ten times
    for _ in range(10):
        post(client, body)
    graph.wait_for(2)

    # Then
    [voucher] = cast.aline.vouchers
    [receipt] = told_to(graph, cast.diane)
    assert voucher.reference in receipt
    assert re.search(r"\b\d{4} \d{4} \d{4} \d{4}\b", receipt)
    assert voucher.reference in told_to(graph, cast.aline)[0]
    assert audit.verify().broken == []
    assert graph.rejected == []
    assert not DeadLetter.objects.exists()
    openai.assert_complete()
    until(lambda: OutboundMessage.objects.filter(state="sent").count() == 2)
    stored = OutboundMessage.objects.values_list("body", flat=True)
    assert not any(re.search(r"\d{4} \d{4} \d{4}", body) for body in stored)


def test_worker_killed__before_the_model_answered__answers_once(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.hang())
    writes(client, cast.diane, ORDER)
    until(lambda: len(openai.requests) == 1)

    # When
    worker.kill()
    openai.script(CALL, say.text("Done."))
    worker.start()
    end_leases()

    # Then
    graph.wait_for(2)
    assert len(cast.aline.vouchers) == 1
    assert len(told_to(graph, cast.diane)) == 1


def test_worker_killed__between_a_commit_and_its_reply__one_effect_and_one_receipt(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(CALL, say.hang())
    writes(client, cast.diane, ORDER)
    until(lambda: len(openai.requests) == 2)
    assert len(cast.aline.vouchers) == 1

    # When
    worker.kill()
    openai.script(say.text("Done."))
    worker.start()
    end_leases()

    # Then
    until(lambda: len(told_to(graph, cast.diane)) == 1)
    until(lambda: not OutboundMessage.objects.exclude(state="sent").exists())
    assert len(told_to(graph, cast.diane)) == 1
    assert audit.verify().broken == []
    [voucher] = cast.aline.vouchers
    assert voucher.reference in told_to(graph, cast.diane)[0]
    assert ToolCall.objects.count() == 1
    asked_last = openai.requests[-1].body["input"]
    assert any(item.get("type") == "function_call_output" for item in asked_last)


def test_worker_killed__between_sending_and_record__sends_once(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given: Meta accepted the message, and its answer was lost
    graph.script(graph_says.hang(30))
    openai.script(say.text("Hello."))
    writes(client, cast.diane, "hello")
    graph.wait_for(1)

    # When
    worker.kill()
    worker.start()
    post(client, graph.status_webhook(graph.sent[0], "delivered"))

    # Then
    until(lambda: OutboundMessage.objects.get().state == "delivered")
    # A second sending of the first message would come before this reply.
    openai.script(say.text("Good bye."))
    writes(client, cast.diane, "bye")
    graph.wait_for(2)
    assert told_to(graph, cast.diane) == ["Hello.", "Good bye."]
    assert len(graph.sent) == 2


def test_worker_stopped__in_a_turn__gives_it_back_at_once(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.hang())
    writes(client, cast.diane, "hello")
    until(lambda: len(openai.requests) == 1)

    # When
    worker.stop()
    assert Turn.objects.get().lease_expires_at <= timezone.now()
    openai.script(say.text("Hello again."))
    worker.start()

    # Then
    graph.wait_for(1)
    assert told_to(graph, cast.diane) == ["Hello again."]
    assert Turn.objects.get().attempts == 2
