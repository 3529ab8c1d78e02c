"""Two workers process batches with the same people or ids, each in its own order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, transaction

from agents.inbound import process_events
from agents.models import Conversation, Message, OutboundMessage, WebhookEvent
from easymo import keys
from tests import payloads
from tests.agents.channel import store
from tests.vouchers.racing import is_waited_for, race
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agents.inbound.receive_message import MessageReceiver

pytestmark = pytest.mark.usefixtures("committed_db", "whatsapp")

FIRST, SECOND = "+250788000001", "+250788000002"
NUMBERS = (FIRST, SECOND)
type Item = dict[str, Any]


def new_numbers() -> list[Item]:
    return [payloads.text("hello", sender=number) for number in NUMBERS]


def new_user_ids() -> list[Item]:
    return [
        payloads.text("hello", sender=None, bsuid=name) for name in ("RW.1", "RW.2")
    ]


def people_without_a_conversation() -> list[Item]:
    for number in NUMBERS:
        Profile.objects.get_or_create(msisdn=number)
    return new_numbers()


def repeated_ids() -> list[Item]:
    for number in NUMBERS:
        profile, _ = Profile.objects.get_or_create(msisdn=number)
        Conversation.objects.get_or_create(
            profile=profile, phone_number_id=payloads.PHONE_NUMBER_ID
        )
    return [
        payloads.text("hello", id=f"wamid.{number}", sender=number)
        for number in NUMBERS
    ]


def statuses() -> list[Item]:
    profile, _ = Profile.objects.get_or_create(msisdn=FIRST)
    chat, _ = Conversation.objects.get_or_create(
        profile=profile, phone_number_id=payloads.PHONE_NUMBER_ID
    )
    for name in ("one", "two"):
        OutboundMessage.objects.get_or_create(
            cause=name,
            defaults={
                "conversation": chat,
                "state": OutboundMessage.State.SENT,
                "provider_id": name,
                "provider_id_hmac": keys.digest("message-id", name.encode()),
            },
        )
    return [payloads.status(name) for name in ("one", "two")]


KINDS = [
    new_numbers,
    new_user_ids,
    people_without_a_conversation,
    repeated_ids,
    statuses,
]


def process_in_both_orders(make: Callable[[], list[Item]]) -> list[Any]:
    """Process two batches at once; each holds one item when the other one begins."""
    batches = [
        [WebhookEvent.objects.get(pk=store(item)) for item in items]
        for items in (make(), make()[::-1])
    ]
    begun: set[int] = set()

    def process(batch: Sequence[WebhookEvent]) -> None:
        def process_item(receiver: MessageReceiver, item: Any) -> None:
            process_events._process_item(receiver, item)
            begun.add(batch[0].pk)
            until = time.monotonic() + 30
            while len(begun) < len(batches) and not is_waited_for():
                assert time.monotonic() < until
                time.sleep(0.01)

        with transaction.atomic():
            process_events._process(batch, process_item)

    return race(*[lambda batch=batch: process(batch) for batch in batches])


@pytest.mark.parametrize("make", KINDS)
def test_process__same_items_in_two_orders__both_batches_are_processed(
    make: Callable[[], list[Item]], switch: Callable[..., None]
) -> None:
    # Given
    switch(chat=True)

    # When
    results = process_in_both_orders(make)

    # Then
    assert results == [None, None]
    states = WebhookEvent.objects.values_list("state", flat=True)
    assert set(states) == {WebhookEvent.State.DONE}
    received = {new_numbers: 4, new_user_ids: 4, repeated_ids: 2, statuses: 0}
    assert Message.objects.count() == received.get(make, 4)
    assert Profile.objects.filter(role="customer").count() == 2 - (make is statuses)


@pytest.mark.parametrize("make", KINDS)
def test_process__without_the_locks__control_deadlocks(
    make: Callable[[], list[Item]],
    switch: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    switch(chat=True)
    monkeypatch.setattr(process_events, "lock_in_order", list)

    # When
    results = process_in_both_orders(make)

    # Then
    (error,) = [each for each in results if each is not None]
    assert isinstance(error, OperationalError)
    assert "deadlock detected" in str(error)
