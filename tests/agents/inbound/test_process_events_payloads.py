"""One large batch of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agents.inbound import process_events
from agents.models import Conversation, DeadLetter, Message, MessageStatus, WebhookEvent
from tests import payloads
from tests.agents.channel import jobs, post
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

SENDERS = 300
FILLING = "x" * 3_300
KINDS: dict[str, Any] = {
    "text": {"body": f"hello {FILLING}"},
    "image": {"id": "1", "mime_type": "image/jpeg", "sha256": "", "caption": FILLING},
    "audio": {"id": "2", "mime_type": "audio/ogg; codecs=opus", "voice": True},
    "location": {"latitude": -1.94, "longitude": 30.06, "name": FILLING},
    "reaction": {"message_id": "wamid.X", "emoji": "👍"},
    "sticker": {"id": "3", "mime_type": "image/webp", "sha256": ""},
    "button": {"payload": "yes", "text": FILLING},
    "order": {"catalog_id": "4", "product_items": [], "text": FILLING},
    "contacts": [{"name": {"formatted_name": "A customer"}, "phones": []}],
    "unsupported": {"type": "poll_creation"},
    "a kind of next year": {"anything": FILLING},
}


def number(n: int) -> str:
    return f"+2507880{n:05d}"


def test_process_stored_events__every_kind_of_many_senders_with_statuses__each_processed_once(
    switch: Callable[..., None],
) -> None:
    # Given
    switch(chat=True)
    kinds = list(KINDS)
    items = [
        payloads.message(
            kinds[n % len(kinds)],
            KINDS[kinds[n % len(kinds)]],
            sender=number(n),
            name="",
        )
        for n in range(SENDERS)
    ]
    statuses = [
        payloads.status(f"wamid.UNKNOWN{n}", "delivered", recipient=number(n))
        for n in range(0, SENDERS, 10)
    ]
    mixed = [*items[:150], *statuses, *items[150:]]
    body = payloads.webhook(*mixed)
    assert 450_000 < len(body) < 1_050_000

    # When: the same batch, twice
    for _ in range(2):
        post(body)
    process_events.process_stored_events()

    # Then
    assert DeadLetter.objects.count() == 0
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    assert Profile.objects.filter(msisdn__startswith="+2507880").count() == SENDERS
    assert Conversation.objects.count() == SENDERS
    assert Message.objects.count() == SENDERS
    assert MessageStatus.objects.count() == len(statuses)
    silent = Message.objects.filter(state=Message.State.SILENT)
    assert {"reaction", "sticker"} <= set(silent.values_list("kind", flat=True))
    woken = jobs("agents.tasks.turn")
    assert len(woken) == Message.objects.filter(state=Message.State.WAITING).count()
