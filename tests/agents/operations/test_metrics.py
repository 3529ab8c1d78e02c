from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Conversation, HandOff, OutboundMessage, ToolCall, Turn
from agents.operations.backlog import oldest_waiting
from easymo.observability import metrics
from tests.canaries import ALINE, leaks_in
from vouchers.models import Profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat() -> Conversation:
    profile = Profile.objects.create(msisdn=ALINE.msisdn, name=ALINE.name)
    return Conversation.objects.create(profile=profile, phone_number_id="1")


def turn(chat: Conversation, *, seconds: float, ago: int = 60, **fields: Any) -> Turn:
    ended = timezone.now() - timedelta(seconds=ago)
    return Turn.objects.create(
        conversation=chat,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        lease_expires_at=ended,
        correlation_id=uuid.uuid4(),
        input_ended_at=ended - timedelta(seconds=seconds),
        finished_at=ended,
        **({"outcome": "reply", "model": "gpt-5-mini"} | fields),
    )


def figures() -> dict[str, float]:
    text = metrics.render().decode()
    assert leaks_in(text) == []
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    return {name: float(value) for name, value in pairs}


def test_render__turns_and_calls__counts_them(chat: Conversation) -> None:
    # Given
    known = turn(
        chat, seconds=1.5, input_tokens=900, output_tokens=30, cost=Decimal("0.25")
    )
    turn(chat, seconds=4, input_tokens=100, output_tokens=10)
    turn(chat, seconds=40, model="", outcome="apology", error_code="timeout")
    ToolCall.objects.create(
        turn=known,
        ordinal=0,
        name="create_voucher",
        status=ToolCall.Status.REFUSED,
        code="limit_exceeded",
        finished_at=timezone.now(),
    )

    # When
    shown = figures()

    # Then
    same = 'channel="whatsapp",'
    turns = f'agent_turns_total{{{same}error_type="",outcome="reply",status="done"'
    assert shown[turns + ',synthetic="false"}'] == 2
    assert shown['agent_tokens_total{model="gpt-5-mini",type="input"}'] == 1000
    assert shown[f'agent_cost_usd_total{{{same}model="gpt-5-mini"}}'] == 0.25
    assert shown['agent_price_unknown_total{model="gpt-5-mini"}'] == 1
    calls = 'agent_tool_calls_total{channel="whatsapp",error_type="limit_exceeded"'
    assert shown[calls + ',result="refused",tool="create_voucher"}'] == 1
    took = "agent_turn_duration_seconds"
    assert shown[f'{took}_bucket{{{same}le="1"}}'] == 0
    assert shown[f'{took}_bucket{{{same}le="2"}}'] == 1
    assert shown[f'{took}_bucket{{{same}le="5"}}'] == 2
    assert shown[f'{took}_bucket{{{same}le="+Inf"}}'] == 3
    assert shown[f"{took}_sum{{{same[:-1]}}}"] == pytest.approx(45.5)
    assert {shown[name] for name in shown if "collector_failed" in name} == {0}


def test_render__what_waits__is_shown(chat: Conversation) -> None:
    # Given
    HandOff.objects.create(kind=HandOff.Kind.ASKED, profile=chat.profile, reason="x")
    put_off = timezone.now() + timedelta(minutes=5)
    OutboundMessage.objects.create(conversation=chat, cause="turn:1")
    OutboundMessage.objects.create(
        conversation=chat, cause="turn:2", next_attempt_at=put_off
    )
    OutboundMessage.objects.filter(cause="turn:1").update(
        created_at=timezone.now() - timedelta(seconds=90)
    )

    # When
    shown = figures()

    # Then
    assert shown['agent_hand_offs_open{kind="asked"}'] == 1
    assert shown['agent_outbound_messages_open{state="queued"}'] == 2
    assert oldest_waiting()["reply"] == pytest.approx(90, abs=5)


def test_render__a_collector_fails__the_others_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    def broken() -> Any:
        raise RuntimeError(ALINE.msisdn)

    monkeypatch.setattr(metrics, "_collectors", dict(metrics.collectors()))
    metrics.register(broken)

    # When
    shown = figures()

    # Then
    failed = [name for name, value in shown.items() if "failed" in name and value]
    assert len(failed) == 1
    assert "broken" in failed[0]
    assert "agent_messages_waiting" in shown
