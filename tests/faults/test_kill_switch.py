"""The operator turns everything off while thirty turns run.

What a customer is told of a voucher that was made in the last moment is for people:
a feature that is off leaves no reply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections

from agents.models import Message, OutboundMessage, ToolCall, Turn
from rollout.core.features import Feature
from rollout.flags.acknowledgements import await_acknowledgement
from rollout.flags.flags import set_features
from rollout.models import Epoch
from rollout.stages.rollback import rollback_quick
from tests import payloads
from tests.agents.channel import post
from tests.fakes import openai_answers as say
from tests.faults.brisk_worker import COMMAND
from tests.live import until
from tests.worker import Worker
from vouchers.audit import verify as audit
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from datetime import datetime

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TURNS = 30
# This many have an answer before the kill; the others still wait for the model.
ANSWERED = 10


def staff(n: int) -> str:
    return f"+2507884{n:05d}"


def customer(n: int) -> str:
    return f"+2507885{n:05d}"


def order(body: dict[str, Any]) -> say.Answer:
    """Wait for a while, call the requested tool, and answer with a short text."""
    last = body["input"][-1]
    if last.get("type") == "function_call_output":
        return say.text("There you are.")
    found = re.findall(r"\+2507885\d{5}", str(body["input"]))
    if not found:
        return say.text("Hello.")
    call = say.call(
        "create_voucher", amount=1000, currency=None, customer_msisdn=found[-1]
    )
    is_late = int(found[-1][-5:]) >= ANSWERED
    return say.calls(*call.output, held=is_late)


def database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def is_older_transaction_open(moment: datetime) -> bool:
    """Tell whether a transaction runs that may have seen the feature still on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE xact_start < %s"
            " AND datname = current_database() AND pid <> pg_backend_pid())",
            [moment],
        )
        is_open: bool = cursor.fetchone()[0]
    return is_open


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
        EASYMO_TEST_TURN_SECONDS="250",
    ):
        for n in range(TURNS):
            write(n, f"create voucher 1000 for {customer(n)}")
        until(lambda: len(openai.requests) >= TURNS)
        until(lambda: Voucher.objects.count() >= 3)

        # When
        done = rollback_quick(reason="a test", actor="odette", source="cli")
        killed_at = database_time()
        assert await_acknowledgement(Epoch.objects.get().version, wait=90).is_complete
        # The messages that were being sent before the kill arrive.
        acknowledged_at = database_time()
        until(lambda: not is_older_transaction_open(acknowledged_at))
        until(lambda: not OutboundMessage.objects.filter(state="sending").exists())
        sent = len(graph.sent)
        for _ in range(TURNS):
            openai.release()
        for n in range(TURNS, TURNS + 5):
            write(n, f"create voucher 1000 for {customer(n)}")
        until(is_quiet, seconds=90)

        # Then
        assert done.receipt is not None
        assert done.receipt.processes == 1
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
        changed = set_features(
            dict.fromkeys(Feature, True),
            actor="odette",
            reason="a test",
            source="cli",
            override=True,
        )
        assert await_acknowledgement(changed.epoch, wait=90).is_complete
        write(0, "hello")
        until(lambda: len(graph.sent) > sent)
        until(is_quiet)

    # Then
    assert {taken.to for taken in graph.sent[sent:]} == {staff(0)}
    assert Voucher.objects.count() == made
    unanswered = Message.objects.filter(state=Message.State.UNANSWERED)
    assert unanswered.count() >= 5
