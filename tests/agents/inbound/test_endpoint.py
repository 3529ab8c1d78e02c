from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError, connection, connections
from django.test import Client

from agents.inbound import event_store, process_events
from agents.inbound.endpoint import MAX_BODY_SIZE, WhatsAppWebhook
from agents.models import DeadLetter, Message, SeenMessage, WebhookEvent
from tests import payloads
from tests.agents.channel import jobs
from tests.agents.inbound.wsgi_client import WsgiClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper


pytestmark = pytest.mark.usefixtures("whatsapp")


INGEST = "agents.tasks.ingest"


@pytest.fixture(params=["edge", "view"])
def client(request: pytest.FixtureRequest) -> Client | WsgiClient:
    """Post through the fast path, and to Django's view."""
    return WsgiClient() if request.param == "edge" else Client()


def send(
    client: Client | WsgiClient, body: bytes, headers: dict[str, str] | None = None
) -> int:
    response = client.post(
        payloads.URL,
        body,
        content_type="application/json",
        headers=payloads.signed(body) if headers is None else headers,
    )
    return response.status_code


@pytest.mark.django_db
def test_post__signed__bytes_stored_one_job_and_200(
    client: Client | WsgiClient,
) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))

    # When
    response = client.post(
        payloads.URL,
        body,
        content_type="application/json",
        headers=payloads.signed(body),
    )

    # Then
    assert (response.status_code, response.json()) == (200, {"received": True})
    assert response["Content-Length"] == str(len(response.content))
    assert response["X-Correlation-ID"]
    event = WebhookEvent.objects.get()
    assert bytes(event.body) == body
    assert not event.is_synthetic
    assert jobs(INGEST) == [{}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff", b"[" * 50_000, b"null", "é".encode("utf-16")],
)
def test_post__signed_junk__stored_as_it_is(
    client: Client | WsgiClient, body: bytes
) -> None:
    # When
    status = send(client, body)

    # Then
    assert status == 200
    assert bytes(WebhookEvent.objects.get().body) == body


@pytest.mark.django_db
def test_post__second_secret_while_rotating__accepted(
    client: Client | WsgiClient,
) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))

    # When
    status = send(client, body, payloads.signed(body, secret="second-secret"))

    # Then
    assert status == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "sha256=\xe9\xff",
        "sha256=٣٤",
    ],
)
def test_post__signature_missing_or_wrong__403_and_nothing_stored(
    client: Client | WsgiClient, header: str | None
) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))
    headers = {} if header is None else {"X-Hub-Signature-256": header}

    # When
    status = send(client, body, headers)

    # Then
    assert status == 403
    assert not WebhookEvent.objects.exists()
    assert jobs(INGEST) == []


@pytest.mark.django_db
@pytest.mark.parametrize("secrets", [[], [""]])
def test_post__no_secret_configured__403(
    client: Client | WsgiClient, settings: SettingsWrapper, secrets: list[str]
) -> None:
    # Given
    settings.WA_APP_SECRETS = secrets
    body = b"{}"

    # When
    status = send(client, body, payloads.signed(body, secret=" ") | {})
    unsigned = send(
        client,
        body,
        {
            "X-Hub-Signature-256": "sha256="
            "5f5ea4c4fa3c3bc45a2d1c1d8e4b4e5b0b6bf7bd8ea2ef6e4c2d3b4fae3a5e3c"
        },
    )

    # Then
    assert (status, unsigned) == (403, 403)


@pytest.mark.django_db
def test_post__changed_by_one_byte__403(client: Client | WsgiClient) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))

    # When
    status = send(client, body + b" ", payloads.signed(body))

    # Then
    assert status == 403


@pytest.mark.django_db
def test_post__legal_batch_over_djangos_own_limit__stored(
    client: Client | WsgiClient,
) -> None:
    # Given
    body = b" " * 3_000_000

    # When
    status = send(client, body)

    # Then
    assert status == 200


@pytest.mark.django_db
def test_post__over_3_5_megabytes__413_and_nothing_stored(
    client: Client | WsgiClient,
) -> None:
    # Given
    body = b" " * (MAX_BODY_SIZE + 1)

    # When
    status = send(client, body)

    # Then
    assert status == 413
    assert not WebhookEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("is_ours", [True, False])
def test_post__synthetic_mark__accepted_only_when_right(
    client: Client | WsgiClient, *, is_ours: bool
) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))
    headers = payloads.signed(body, marked=True)
    if not is_ours:
        headers["X-Easymo-Synthetic"] = "é" + headers["X-Easymo-Synthetic"][1:]

    # When
    send(client, body, headers)

    # Then
    assert WebhookEvent.objects.get().is_synthetic is is_ours


@pytest.mark.django_db
def test_post__synthetic_mark_without_a_signature__403(
    client: Client | WsgiClient,
) -> None:
    # Given
    body = payloads.webhook(payloads.text("hello"))
    headers = payloads.signed(body, marked=True)
    del headers["X-Hub-Signature-256"]

    # When
    status = send(client, body, headers)

    # Then
    assert status == 403


@pytest.mark.django_db
def test_post__database_refuses__503_so_that_meta_retries(
    client: Client | WsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    def away(*_: object) -> int:
        raise OperationalError

    monkeypatch.setattr(event_store, "_ids", away)
    body = payloads.webhook(payloads.text("hello"))

    # When
    status = send(client, body)

    # Then
    assert status == 503


def test_post__database_unreachable__503(
    committed_db: str, client: Client | WsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    connection.close()
    body = payloads.webhook(payloads.text("hello"))

    # When
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(connection.settings_dict, "PORT", "1")
        status = send(client, body)
        connection.close()

    # Then
    assert status == 503


def test_post__same_webhook_ten_times_at_once__one_message(
    committed_db: str, switch: Callable[..., None]
) -> None:
    # Given
    switch(chat=True)
    body = payloads.webhook(payloads.text("hello"))

    def deliver(_: int) -> int:
        try:
            status = send(WsgiClient(), body)
            process_events.process_stored_events()
            return status
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(deliver, range(10)))
    process_events.process_stored_events()

    # Then
    assert statuses == [200] * 10
    assert WebhookEvent.objects.filter(state=WebhookEvent.State.DONE).count() == 10
    assert Message.objects.count() == 1
    assert SeenMessage.objects.count() == 1
    assert not DeadLetter.objects.exists()
    assert len(jobs("agents.tasks.turn")) == 1


class Broken(io.BytesIO):
    """A body whose sender closes the connection."""

    def read(self, _: int | None = -1, /) -> bytes:
        raise ConnectionResetError


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("environ", "status"),
    [
        # Another request follows the body.
        ({"wsgi.input": io.BytesIO(b'{"a": 1}POST /'), "CONTENT_LENGTH": "8"}, 200),
        ({"CONTENT_LENGTH": ""}, 403),
        ({"CONTENT_LENGTH": "-1"}, 403),
        ({"CONTENT_LENGTH": "x"}, 403),
        ({"CONTENT_LENGTH": "٣"}, 403),
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, 200),
        ({"wsgi.input": Broken()}, 400),
    ],
)
def test_view__servers_that_do_not_end_the_body__read_to_its_end_only(
    environ: dict[str, Any], status: int
) -> None:
    client = WsgiClient(**environ)
    body = b'{"a": 1}'
    made = client.environ("POST", payloads.URL, body, payloads.signed(body))

    answer = WhatsAppWebhook.as_view()(WSGIRequest(made))

    assert answer.status_code == status
