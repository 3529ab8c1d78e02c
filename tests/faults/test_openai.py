"""OpenAI fails in every way at once; the customers still get their answers."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from agents.models import OutboundMessage, ToolCall, Turn
from tests import payloads
from tests.fakes import openai_answers as say
from tests.live import post, until
from vouchers.models import Voucher

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.cast import Cast
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI
    from tests.worker import Worker

pytestmark = pytest.mark.slow

JUNK = say.function_call("create_voucher", '{"amount": "ten", "cust')
FAILURES: dict[str, say.Answer | say.Failure] = {
    "unauthorized": say.unauthorized(),
    "limited": say.rate_limited(),
    "limitedlong": say.rate_limited("3600"),
    "quota": say.out_of_quota(),
    "broken": say.server_error(500),
    "page": say.html(502),
    "nothing": say.body(b""),
    "half": say.half_body(),
    "gone": say.drop(),
    "silent": say.hang(),
    "dripping": say.slow_bytes(),
    "junk": say.calls(JUNK),
    "unknown": say.call("drop_all_tables", amount=1),
    "endless": say.call("list_vouchers"),
    "novel": say.text("A long story. " * 2_200),
    "empty": say.empty(),
    "refusal": say.refusal(),
    "cut": say.incomplete("Your vou"),
}


def test_openai__failing_in_every_way__each_person_is_answered_once(
    cast: Cast, client: Client, worker: Worker, graph: FakeGraph, openai: FakeOpenAI
) -> None:
    # Given
    openai.respond_with(_fails)
    senders = {f"+2507883000{n:02d}": case for n, case in enumerate(FAILURES)}

    # When
    post(
        client,
        payloads.webhook(
            *(
                payloads.text(f"hello case:{case}", sender=sender)
                for sender, case in senders.items()
            )
        ),
    )

    # Then
    graph.wait_for(len(FAILURES))
    until(lambda: not Turn.objects.filter(status=Turn.Status.RUNNING).exists())
    until(lambda: not OutboundMessage.objects.exclude(state="sent").exists())
    told = Counter(senders[taken.to] for taken in graph.sent)
    assert told == dict.fromkeys(FAILURES, 1)
    assert all(0 < len(taken.text) <= 4_096 for taken in graph.sent)
    assert not any("<" in taken.text for taken in graph.sent)
    assert graph.rejected == []
    # No failure made a change or cost more than the six model calls of a turn.
    assert not Voucher.objects.exists()
    done = ToolCall.objects.filter(status=ToolCall.Status.SUCCEEDED)
    assert not done.exclude(name="list_vouchers").exists()
    asked = Counter(_case(request.body) for request in openai.requests)
    assert asked["unauthorized"] == asked["quota"] == asked["limitedlong"] == 1
    assert asked["endless"] <= 6
    assert asked["limited"] > 1
    assert openai.rejected == []


def _fails(body: dict[str, Any]) -> say.Answer | say.Failure:
    return FAILURES[_case(body)]


def _case(body: dict[str, Any]) -> str:
    return re.findall(r"case:(\w+)", str(body["input"]))[-1]
