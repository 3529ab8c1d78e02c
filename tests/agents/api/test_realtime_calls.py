"""Incoming calls at OpenAI's webhook: stored once with their job; the rest only stored."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from agents.models import Call, RealtimeEvent
from agents.realtime.signature import sign
from agents.whatsapp.signature import SYNTHETIC_HEADER, synthetic_mark
from tests.agents.api.test_realtime_endpoint import PLAIN, deliver
from tests.agents.calls.callers import body_of
from tests.canaries import leaks_in

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

NUMBER = "+250788123456"
OLD, NEW = "the secret before", "whsec_bmV4dA=="

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secret(settings: SettingsWrapper) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = [PLAIN]


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name, task_name, args FROM procrastinate_jobs")
        return [
            (queue, task, json.loads(args) if isinstance(args, str) else args)
            for queue, task, args in cursor.fetchall()
        ]


@pytest.mark.parametrize("secret", [OLD, NEW])
@pytest.mark.parametrize("order", [[OLD, NEW], [NEW, OLD]])
def test_secrets__two_while_rotating__both_taken(
    client: Client, settings: SettingsWrapper, secret: str, order: list[str]
) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = order

    assert deliver(client, secret).status_code == 200
    assert deliver(client, "a third secret").status_code == 400
    assert RealtimeEvent.objects.count() == 1


def test_call__stored__with_its_job_on_a_queue_of_its_own(client: Client) -> None:
    assert deliver(client, body=body_of(NUMBER, "rtc_1")).status_code == 200

    call = Call.objects.get()
    assert (call.call_id, call.state) == ("rtc_1", "ringing")
    assert call.event == RealtimeEvent.objects.get()
    assert call.correlation_id == call.event.correlation_id
    assert jobs() == [
        ("voice", "agents.tasks.call", {"call_id": call.pk, "is_handed_over": False})
    ]
    # The number is in the raw body only, which is kept for eight days.
    assert call.caller_masked == "+2507***456"
    assert len(call.caller_hmac) == 32


@pytest.mark.parametrize("same_id", [True, False])
def test_call__delivered_again__one_call_and_one_job(
    client: Client, *, same_id: bool
) -> None:
    body = body_of(NUMBER, "rtc_1")
    for number in range(3):
        webhook_id = "wh_1" if same_id else f"wh_{number}"
        assert deliver_signed(client, body, webhook_id) == 200

    assert Call.objects.count() == 1
    assert len(jobs()) == 1
    assert RealtimeEvent.objects.count() == (1 if same_id else 3)


def deliver_signed(client: Client, body: bytes, webhook_id: str) -> int:

    at = str(int(time.time()))
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": at,
        "webhook-signature": sign(body, webhook_id, at, secret=PLAIN),
    }
    answer = client.post(
        "/functions/v1/ai-realtime-webhook",
        body,
        content_type="application/json",
        headers=headers,
    )
    return answer.status_code


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "live.transport.incoming", "data": {"session_id": "live_1"}}',
        b'{"type": "live.call.incoming", "data": {"call_id": "rtc_1"}}',
        b'{"type": "batch.completed", "data": {"id": "batch_1"}}',
        b'{"type": "something.new"}',
        b'{"type": 5}',
        b"[]",
        b"null",
        b"\xff\xfe no json",
        b"[" * 50_000,
        b'{"type": "realtime.call.incoming"}',
        b'{"type": "realtime.call.incoming", "data": []}',
        b'{"type": "realtime.call.incoming", "data": {"call_id": 7}}',
        b'{"type": "realtime.call.incoming", "data": {"call_id": ""}}',
        b'{"type": "realtime.call.incoming", "data": {"call_id": "a/b"}}',
        b'{"type": "realtime.call.incoming", "data": {"call_id": "rtc_\\u0000"}}',
    ],
)
def test_other_event__stored_and_answered__no_call(client: Client, body: bytes) -> None:
    assert deliver(client, body=body).status_code == 200

    assert bytes(RealtimeEvent.objects.get().body) == body
    assert Call.objects.exists() is False
    assert jobs() == []


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        {},
        [{"name": "From"}],
        [{"name": "From", "value": 5}],
        [{"name": "From", "value": "\x00"}],
        [{"name": "From", "value": "<sip:anonymous@anonymous.invalid>"}],
        [{"name": "From", "value": "x" * 10_000}],
        [{"name": "To", "value": "<sip:+250788123456@x>"}],
    ],
)
def test_call__without_a_usable_number__stored_as_withheld(
    client: Client, headers: Any
) -> None:
    event = json.loads(body_of(NUMBER, "rtc_1"))
    event["data"]["sip_headers"] = headers

    assert deliver(client, body=json.dumps(event).encode()).status_code == 200

    call = Call.objects.get()
    assert (call.caller_hmac, call.caller_masked) == (None, "")


@pytest.mark.parametrize("is_marked", [True, False])
def test_call__synthetic_mark__is_on_the_row(
    client: Client, *, is_marked: bool
) -> None:
    body = body_of(NUMBER)
    mark = synthetic_mark(body) if is_marked else "00" * 32

    assert deliver(client, body=body, **{SYNTHETIC_HEADER: mark}).status_code == 200

    assert Call.objects.get().is_synthetic is is_marked


def test_call__log_lines__no_number(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deliver(client, body=body_of(NUMBER)).status_code == 200

    written = capsys.readouterr().out
    assert "ai.realtime.webhook." in written
    assert leaks_in(written) == []
    assert NUMBER[4:] not in written
