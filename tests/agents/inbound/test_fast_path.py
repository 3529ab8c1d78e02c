from __future__ import annotations

import io
import json
from uuid import uuid4

import pytest
from django.db import OperationalError

from agents.inbound import event_store
from agents.models import WebhookEvent
from tests import payloads
from tests.agents.inbound.wsgi_client import WsgiClient

pytestmark = pytest.mark.usefixtures("whatsapp")

BODY = payloads.webhook(payloads.text("hello"))


class Broken(io.BytesIO):
    """A body whose sender closes the connection."""

    def read(self, _: int | None = -1, /) -> bytes:
        raise ConnectionResetError


@pytest.mark.django_db
def test_fast_path__delivery__never_reaches_django(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    def pages(*_: object) -> list[bytes]:
        raise AssertionError("a page was asked")

    monkeypatch.setattr("easymo.wsgi.application._application", pages)

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
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


@pytest.mark.django_db
def test_fast_path__body_followed_by_another_request__read_to_its_end_only() -> None:
    # Given
    client = WsgiClient(
        **{"wsgi.input": io.BytesIO(BODY + b"POST /"), "CONTENT_LENGTH": str(len(BODY))}
    )

    # When
    answer = client.post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["", "-1", "x", "٣"])
def test_fast_path__no_length__nothing_read(length: str) -> None:
    client = WsgiClient(CONTENT_LENGTH=length)

    answer = client.post(payloads.URL, BODY, headers=payloads.signed(BODY))

    assert answer.status_code == 403


@pytest.mark.django_db
def test_fast_path__server_ends_the_body__length_not_needed() -> None:
    client = WsgiClient(**{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})

    answer = client.post(payloads.URL, BODY, headers=payloads.signed(BODY))

    assert answer.status_code == 200


def test_fast_path__sender_hung_up__400() -> None:
    client = WsgiClient(**{"wsgi.input": Broken()})

    answer = client.post(payloads.URL, BODY, headers=payloads.signed(BODY))

    assert answer.status_code == 400


def test_fast_path__database_away__503_with_retry_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    def away(**_: object) -> int:
        raise OperationalError

    monkeypatch.setattr(event_store, "record", away)

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_fast_path__unexpected_error__500_and_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    def strange(**_: object) -> int:
        raise RuntimeError("of +250788123456")

    monkeypatch.setattr(event_store, "record", strange)

    # When
    answer = WsgiClient().post(payloads.URL, BODY, headers=payloads.signed(BODY))

    # Then
    assert answer.status_code == 500
    assert b"RuntimeError" not in answer.content
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "ai.whatsapp.webhook.failed"
    assert line["correlation_id"] == answer["X-Correlation-ID"]
    assert line["exception"]["message"] == "of +2507***456"
