from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from agents.api import views
from agents.models import RealtimeEvent
from agents.realtime.signature import sign
from tests.agents.api.conftest import ALINE, UNKNOWN, path, token
from vouchers.models import Voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.api.conftest import Api

URL = path("realtime-webhook")
PLAIN = "a plain secret of OpenAI's"
ENCODED = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
BODY = b'{"type": "realtime.call.incoming", "data": {"call_id": "rtc_1"}}'


def event(call_id: str = "call_1", kind: str = "call_tool", **more: Any) -> Any:
    arguments = json.dumps({"customer_msisdn": ALINE, "amount": 5_000})
    return {
        "type": kind,
        "event_id": "event_1",
        "call_id": call_id,
        "name": "create_voucher",
        "arguments": arguments,
        **more,
    }


@pytest.mark.parametrize("kind", ["call_tool", "response.function_call_arguments.done"])
def test_tool_event__each_type__is_the_function(api: Api, kind: str) -> None:
    # The provider adds fields of its own.
    answer = api.call("realtime-webhook", event(kind=kind, output_index=0, item_id="i"))

    assert answer.status_code == 200
    body = answer.json()
    assert {**body, "output": ""} == {
        "type": "function_call_output",
        "call_id": "call_1",
        "output": "",
    }
    output = json.loads(body["output"])
    assert output["success"]
    assert output["voucher_id"] == str(Voucher.objects.get().public_id)


def test_tool_event__repeated_call_id__first_output(api: Api) -> None:
    first = api.call("realtime-webhook", event())
    again = api.call("realtime-webhook", event())
    other = api.call("realtime-webhook", event(event_id="event_2"))

    assert again.json() == first.json() == other.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Voucher.objects.count() == 1
    api.call("realtime-webhook", event("call_2"))
    assert Voucher.objects.count() == 2


def test_tool_event__lookup_repeated__first_output(api: Api) -> None:
    for number, body in ((ALINE, True), (UNKNOWN, False)):
        asked = event(
            f"c{number}",
            name="lookup_customer",
            arguments=json.dumps({"msisdn": number}),
        )
        first = api.call("realtime-webhook", asked)
        again = api.call("realtime-webhook", asked)
        assert again.json() == first.json()
        assert json.loads(first.json()["output"])["exists"] is body


def test_tool_event__arguments_as_object__taken(api: Api) -> None:
    asked = event(arguments={"customer_msisdn": ALINE, "amount": 5_000})
    assert json.loads(api.call("realtime-webhook", asked).json()["output"])["success"]


def test_tool_event__refusal__status_and_output(api: Api) -> None:
    api.secret = token("lookup")
    answer = api.call("realtime-webhook", event())
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert json.loads(answer.json()["output"])["code"] == "forbidden"
    assert answer.json()["call_id"] == "call_1"


def test_tool_event__no_token__401_and_nothing(client: Client, api: Api) -> None:
    answer = client.post(URL, event(), content_type="application/json")
    assert answer.status_code == 401
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "session.created"}, "type"),
        ({"type": None}, "type"),
        ({"name": "drop_tables"}, "name"),
        ({"name": ["create_voucher"]}, "name"),
        ({"call_id": ""}, "call_id"),
        ({"call_id": 5}, "call_id"),
        ({"arguments": 5}, "arguments"),
        ({"arguments": "{"}, "body"),
        ({"arguments": '{"amount": 1, "amount": 2}'}, "amount"),
        ({"arguments": "{}"}, "customer_msisdn"),
    ],
)
def test_tool_event__strange__400(api: Api, change: Any, field: str) -> None:
    answer = api.call("realtime-webhook", event() | change)
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert not Voucher.objects.exists()


def deliver(
    client: Client,
    secret: str = PLAIN,
    *,
    body: bytes = BODY,
    webhook_id: str = "wh_1",
    age: float = 0,
    signed: bytes | None = None,
    **headers: str | None,
) -> Any:
    timestamp = str(int(time.time() - age))
    made = sign(signed or body, webhook_id, timestamp, secret=secret)
    given = {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": made,
        **headers,
    }
    sent = {name: value for name, value in given.items() if value is not None}
    return client.post(URL, body, content_type="application/json", headers=sent)


@pytest.fixture
def openai(db: None, settings: SettingsWrapper) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = [PLAIN]


@pytest.mark.parametrize("secret", [PLAIN, ENCODED])
def test_openai__right_signature__stored_once(
    client: Client, settings: SettingsWrapper, openai: None, secret: str
) -> None:
    settings.OPENAI_WEBHOOK_SECRETS = [secret]
    answers = [deliver(client, secret) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    stored = RealtimeEvent.objects.get()
    assert bytes(stored.body) == BODY


def test_openai__one_of_several_signatures__taken(client: Client, openai: None) -> None:
    timestamp = str(int(time.time()))
    right = sign(BODY, "wh_1", timestamp, secret=PLAIN)
    both = {"webhook-timestamp": timestamp, "webhook-signature": f"v1,AAAA {right}"}
    assert deliver(client, **both).status_code == 200


def test_openai__unknown_event_no_json__stored(client: Client, openai: None) -> None:
    assert deliver(client, body=b"\xff no json").status_code == 200
    assert RealtimeEvent.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "another secret"},
        {"signed": b"{}"},
        {"age": 330},
        {"age": -330},
        {"webhook-id": None},
        # Signed for another delivery.
        {"webhook-id": "wh_other"},
        {"webhook-timestamp": None},
        {"webhook-signature": None},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٥"},
        {"webhook-id": "x" * 256},
    ],
)
def test_openai__wrong_incomplete_or_old__400(
    client: Client, api: Api, openai: None, change: dict[str, Any]
) -> None:
    # A right token does not help: with such a header OpenAI's rules hold.
    answer = deliver(client, Authorization=f"Bearer {api.secret}", **change)
    assert answer.status_code == 400
    assert not RealtimeEvent.objects.exists()


def test_openai__any_of_its_headers__no_function_call(api: Api, openai: None) -> None:
    answer = api.call("realtime-webhook", event(), **{"webhook-other": "x"})
    assert answer.status_code == 400
    assert not Voucher.objects.exists()


def test_openai__no_secret_set__400(client: Client, db: None) -> None:
    assert deliver(client, "").status_code == 400


def test_openai__functions_removed__still_200(
    client: Client, openai: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "functions_are_removed", lambda: True)
    assert deliver(client).status_code == 200


def test_openai__too_large__413(client: Client, openai: None) -> None:
    assert deliver(client, body=b"x" * 1_100_000).status_code == 413


def test_health__voice__tells(
    client: Client, switch: Callable[..., None], db: None
) -> None:
    switch(voice=True)
    assert client.get(URL).json() == {
        "function": "ai-realtime-webhook",
        "enabled": True,
    }
