"""The operator turns everything off while thirty turns run.

What a customer is told of a voucher that was made in the last moment is for people:
a feature that is off leaves no reply.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections

from agents.models import Message, OutboundMessage, ToolCall, Turn
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from rollout.stages.rollback import rollback_quick
from tests import payloads
from tests.agents.channel import post
from tests.fakes import openai_answers as say
from tests.faults.brisk_worker import COMMAND
from tests.live import until
from tests.worker import Worker
from vouchers.models import Profile, Voucher
from vouchers.services import audit

if TYPE_CHECKING:
    from datetime import datetime

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TURNS = 30
SEGUE_S = 0.5


def staff(n: int) -> str:
    return f"+2507884{n:05d}"


def customer(n: int) -> str:
    return f"+2507885{n:05d}"


def order(body: dict[str, Any]) -> say.Answer:
    """Wait for a while, call the requested tool, and answer with a short text."""
    last = body["input"][-1]
    if last.get("type") == "function_call_output":
        return say.text("There you are.", delay=0.3)
    found = re.findall(r"\+2507885\d{5}", str(body["input"]))
    if not found:
        return say.text("Hello.")
    # Some have issued before the kill, others have not yet.
    delay = 0.2 + int(found[-1][-2:]) * 0.1
    call = say.call(
        "create_voucher", amount=1000, currency=None, customer_msisdn=found[-1]
    )
    return say.calls(*call.output, delay=delay)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def is_quiet() -> bool:
    connections.close_all()
    return not (
        Turn.objects.filter(status=Turn.Status.RUNNING).exists()
        or Message.objects.filter(state="waiting").exists()
        or OutboundMessage.objects.filter(state__in=["queued", "sending"]).exists()
    )


def write(n: int, words: str) -> None:
    post(payloads.webhook(payloads.text(words, sender=staff(n), name="")))


def test_kill__thirty_turns_running__nothing_commits_and_nothing_is_sent(
    committed_db: str, cast: Cast, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    for n in range(TURNS + 5):
        Profile.objects.create(msisdn=staff(n), role="staff", language="en")
        Profile.objects.create(msisdn=customer(n), name="Customer", language="en")
    openai.respond_with(order)
    with Worker(
        database_url=committed_db,
        graph=graph,
        openai=openai,
        command=COMMAND,
        EASYMO_TEST_TURN_SECONDS="30",
    ):
        for n in range(TURNS):
            write(n, f"create voucher 1000 for {customer(n)}")
        until(lambda: len(openai.requests) >= TURNS, seconds=60)
        until(lambda: Voucher.objects.count() >= 3, seconds=60)

        # When
        done = rollback_quick(reason="a test", actor="odette", source="cli")
        killed_at = database_time()
        time.sleep(SEGUE_S)
        sent = len(graph.sent)
        for n in range(TURNS, TURNS + 5):
            write(n, f"create voucher 1000 for {customer(n)}")
        until(is_quiet, seconds=90)

        # Then
        assert done.receipt is not None
        assert done.receipt.is_complete, str(done.receipt)
        made = Voucher.objects.count()
        assert 3 <= made < TURNS
        assert not Voucher.objects.filter(issued_at__gt=killed_at).exists()
        late = ToolCall.objects.filter(is_write=True, finished_at__gt=killed_at)
        assert set(late.values_list("code", flat=True)) <= {"feature_disabled"}
        assert len(graph.sent) == sent
        asked = "".join(str(request.body["input"]) for request in openai.requests)
        assert customer(TURNS - 1) in asked
        assert customer(TURNS) not in asked
        assert audit.verify().broken == []

        # When: it is on again, and another customer writes
        set_features(
            dict.fromkeys(Feature, True),
            actor="odette",
            reason="a test",
            source="cli",
            override=True,
        )
        time.sleep(SEGUE_S)
        write(0, "hello")
        until(lambda: len(graph.sent) > sent, seconds=60)
        until(is_quiet, seconds=60)

    # Then
    assert {taken.to for taken in graph.sent[sent:]} == {staff(0)}
    assert Voucher.objects.count() == made
    unanswered = Message.objects.filter(state=Message.State.UNANSWERED)
    assert unanswered.count() >= 5
