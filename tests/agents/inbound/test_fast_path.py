from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from agents.inbound import event_store
from agents.models import WebhookEvent
from easymo.database.group_commit import WaitedTooLong
from easymo.wsgi import edge
from tests import payloads
from tests.agents.inbound.wsgi_client import WsgiClient

pytestmark = pytest.mark.usefixtures("whatsapp")

BODY = payloads.webhook(payloads.text("hello"))


@pytest.mark.parametrize(
    ("method", "path", "is_delivery"),
    [
        ("POST", payloads.URL, True),
        ("GET", payloads.URL, False),
        ("PUT", payloads.URL, False),
        ("POST", payloads.URL + "/", False),
        ("POST", "/healthz", False),
    ],
)
async def test_edge__method_and_path__only_a_delivery_is_answered_without_a_thread(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, is_delivery: bool
) -> None:
    # Given
    def pages(_: object, start: Any) -> list[bytes]:
        start("299 Page", [])
        return [b""]

    monkeypatch.setattr(edge, "_application", pages)
    request = Request(method, path)

    # When
    await edge.__rsgi__(request, request)  # type: ignore[arg-type]

    # Then: without a signature
    assert request.status == (403 if is_delivery else 299)


class Request:
    """A request without a body, and its answer, as granian gives it."""

    http_version, scheme, query_string = "1.1", "http", ""
    server, client, authority = "127.0.0.1:80", "127.0.0.1:1", "localhost"

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path, self.headers = method, path, Headers()
        self.status = 0

    def response_bytes(self, status: int, headers: object, content: bytes) -> None:
        self.status = status


class Headers(dict[str, str]):
    def get_all(self, name: str) -> list[str]:
        return [self[name]]


@pytest.mark.django_db
def test_fast_path__delivery__few_headers() -> None:
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    assert answer.status_code == 200
    assert answer.headers.keys() == {
        "content-type",
        "content-length",
        "x-content-type-options",
        "x-correlation-id",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", payloads.URL, 200),
        ("PUT", payloads.URL, 405),
        ("POST", payloads.URL + "/", 404),
        ("GET", "/healthz", 200),
    ],
)
def test_fast_path__other_request__passed_to_django(
    method: str, path: str, status: int
) -> None:
    assert WsgiClient().request(method, path).status_code == status


@pytest.mark.django_db
def test_fast_path__correlation_id_given__on_row_answer_and_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given
    given = str(uuid4())
    headers = payloads.signed(BODY) | {"X-Correlation-ID": given}

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=headers)
    other = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert answer["X-Correlation-ID"] == given != other["X-Correlation-ID"]
    ids = WebhookEvent.objects.order_by("pk").values_list("correlation_id", flat=True)
    assert [str(found) for found in ids] == [given, other["X-Correlation-ID"]]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["correlation_id"]) for line in lines] == [
        ("ai.whatsapp.webhook.received", given),
        ("ai.whatsapp.webhook.received", other["X-Correlation-ID"]),
    ]


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError(), psycopg.DataError(), WaitedTooLong()]
)
def test_fast_path__database_away__503_with_retry_after(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    # Given
    async def away(**_: object) -> int:
        raise error

    monkeypatch.setattr(event_store, "record_together", away)

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_fast_path__unexpected_error__500_and_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    async def strange(**_: object) -> int:
        raise RuntimeError("of +250788123456")

    monkeypatch.setattr(event_store, "record_together", strange)

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert answer.status_code == 500
    assert b"RuntimeError" not in answer.content
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "ai.whatsapp.webhook.failed"
    assert line["correlation_id"] == answer["X-Correlation-ID"]
    assert line["exception"]["message"] == "of +2507***456"
