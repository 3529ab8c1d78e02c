"""Webhooks that the database could not take in, and one that takes its worker along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.models import DeadLetter, Message, WebhookEvent
from agents.services import ingest
from tests import payloads
from tests.agents.channel import store
from tests.refusing import refusing

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


@pytest.mark.parametrize("code", ["53100", "25006", "57014"])
def test_drain__database_cannot_write__is_not_the_messages_fault(
    switch: Callable[..., None], code: str
) -> None:
    # Given
    switch(chat=True)
    store(payloads.text("hello"))

    # When
    with refusing("agents_message", code):
        for _ in range(ingest.MOST_ATTEMPTS + 1):
            ingest.drain()
    assert WebhookEvent.objects.get().attempts == 0
    ingest.drain()

    # Then
    assert Message.objects.get().text == "hello"
    assert not DeadLetter.objects.exists()
