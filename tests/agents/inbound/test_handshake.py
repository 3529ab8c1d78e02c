from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import payloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper


pytestmark = pytest.mark.usefixtures("whatsapp")


INGEST = "agents.tasks.ingest"


@pytest.mark.parametrize(
    ("query", "status", "answer"),
    [
        ("hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=42", 200, b"42"),
        ("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=42", 403, None),
        ("hub.mode=subscribe&hub.verify_token=&hub.challenge=42", 403, None),
        ("hub.mode=subscribe&hub.verify_token=%C3%A9&hub.challenge=42", 403, None),
        ("hub.mode=other&hub.verify_token=verify-me&hub.challenge=42", 403, None),
        ("hub.challenge=42", 403, None),
    ],
)
def test_get__handshake__only_with_the_right_token(
    client: Client, query: str, status: int, answer: bytes | None
) -> None:
    # When
    response = client.get(f"{payloads.URL}?{query}")

    # Then
    assert response.status_code == status
    if answer is not None:
        assert response.content == answer
        assert response["Content-Type"].startswith("text/plain")


def test_get__no_token_configured__403(
    client: Client, settings: SettingsWrapper
) -> None:
    # Given
    settings.WA_VERIFY_TOKEN = ""

    # When
    response = client.get(
        payloads.URL + "?hub.mode=subscribe&hub.verify_token=&hub.challenge=1"
    )

    # Then
    assert response.status_code == 403


@pytest.mark.django_db
def test_get__without_parameters__shows_whether_chat_is_on(
    client: Client, switch: Callable[..., None]
) -> None:
    # When
    before = client.get(payloads.URL).json()
    switch(chat=True)
    after = client.get(payloads.URL).json()

    # Then
    assert before == {"function": "ai-whatsapp-webhook", "enabled": False}
    assert after == {"function": "ai-whatsapp-webhook", "enabled": True}


def test_put__405(client: Client) -> None:
    assert client.put(payloads.URL).status_code == 405
