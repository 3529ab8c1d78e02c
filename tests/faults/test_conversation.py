"""What happens around one turn, by a real worker: batches, order, flips, Ctrl-C."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from agents.models import Message, OutboundMessage, Turn
from rollout.core.features import Feature
from rollout.flags.acknowledgements import await_acknowledgement
from rollout.flags.flags import set_features
from tests import payloads
from tests.fakes import openai_answers as say
from tests.live import post, told_to, until, writes
from vouchers.models import Voucher

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI
    from tests.worker import Worker

pytestmark = pytest.mark.slow

ORDER = "create voucher 5000 for +250788100001"
CALL = say.call(
    "create_voucher", amount=5000, currency=None, customer_msisdn="+250788100001"
)


def last_words(body: dict[str, Any]) -> str:
    """Return what the model was asked last, marks and all."""
    return str([item for item in body["input"] if item.get("role") == "user"][-1])


def switch(*, on: bool) -> None:
    """Turn all features on or off, and wait until the worker acknowledges it."""
    changed = set_features(
        dict.fromkeys(Feature, on),
        actor="tests",
        reason="tests",
        source="command",
        override=True,
    )
    receipt = await_acknowledgement(changed.epoch, wait=90)
    assert receipt.processes
    assert receipt.is_complete


def test_batch__two_people_and_ten_shuffled_messages__each_answered_once_in_order(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given: the model answers by what it was shown
    def echo(body: dict[str, Any]) -> say.Answer:
        said = last_words(body)
        parts = [word for word in ("Kigali", "Huye") if word in said]
        steps = [n for n in range(10) if f"step{n}" in str(body["input"])]
        if len(steps) == 10:
            return say.text("What do you need?")
        return say.text("Are you at Huye?" if parts == ["Huye"] else "nothing")

    openai.respond_with(echo)
    aline, bosco = str(cast.aline.profile.msisdn), str(cast.bosco.profile.msisdn)
    start = time.time() - 60
    steps = [
        payloads.text(f"step{n}", sender=aline, at=start + n, name="")
        for n in range(10)
    ]
    random.Random(7).shuffle(steps)
    other = payloads.text("from Huye", sender=bosco, name="")

    # When
    post(client, payloads.webhook(*steps[:4], other, *steps[4:7]))
    post(client, payloads.webhook(*steps[7:]))

    # Then
    graph.wait_for(2)
    until(lambda: not Message.objects.filter(state="waiting").exists())
    until(lambda: not Turn.objects.filter(status=Turn.Status.RUNNING).exists())
    assert told_to(graph, cast.bosco) == ["Are you at Huye?"]
    [told] = told_to(graph, cast.aline)
    assert told == "What do you need?"
    asked = max((str(request.body["input"]) for request in openai.requests), key=len)
    places = [asked.index(f"step{n}") for n in range(10)]
    assert places == sorted(places)


def test_flip__in_the_middle_of_a_turn__nothing_issued_and_nothing_sent(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.script(say.calls(*CALL.output, held=True), say.text("Hello."))
    writes(client, cast.diane, ORDER)
    until(lambda: len(openai.requests) == 1)

    # When
    switch(on=False)
    openai.release()

    # Then
    until(lambda: not Turn.objects.filter(status=Turn.Status.RUNNING).exists())
    assert not Voucher.objects.exists()
    # A reply of the stopped turn would be sent before that of the next turn.
    switch(on=True)
    writes(client, cast.bosco, "hello")
    graph.wait_for(1)
    assert {taken.to for taken in graph.sent} == {cast.bosco.profile.msisdn}
    others = OutboundMessage.objects.exclude(conversation=cast.bosco.chat)
    assert not others.filter(state="sent").exists()
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    "told_by", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"]
)
def test_stop__in_a_turn__exits_cleanly_and_answers_afterwards(
    cast: Cast,
    client: Client,
    worker: Worker,
    graph: FakeGraph,
    openai: FakeOpenAI,
    told_by: signal.Signals,
) -> None:
    # Given: the voucher is issued, the model drafts the reply
    openai.script(CALL, say.hang())
    writes(client, cast.diane, ORDER)
    until(lambda: len(openai.requests) == 2)

    # When
    assert worker.stop(told_by=told_by) == 0
    openai.script(say.text("Done."))
    worker.start()

    # Then
    until(lambda: len(told_to(graph, cast.diane)) == 1)
    [voucher] = cast.aline.vouchers
    assert voucher.reference in told_to(graph, cast.diane)[0]
