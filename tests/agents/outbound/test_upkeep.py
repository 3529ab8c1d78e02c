from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import HandOff, MessageStatus, OutboundMessage
from agents.outbound import statuses
from tests.agents.outbound.delivering import make_conversation, say

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

State = OutboundMessage.State


def status(minutes: float, *, outbound: OutboundMessage | None = None) -> MessageStatus:
    row = MessageStatus.objects.create(
        outbound=outbound,
        provider_id_hmac=bytes([int(minutes) % 256, outbound is None]) * 16,
        status="sent",
        sent_at=timezone.now(),
    )
    MessageStatus.objects.filter(pk=row.pk).update(
        received_at=timezone.now() - timedelta(minutes=minutes)
    )
    return row


def sent(body: str, days: float, state: str = State.SENT) -> OutboundMessage:
    message = say(make_conversation(name=body), body)
    at = timezone.now() - timedelta(days=days)
    OutboundMessage.objects.filter(pk=message.pk).update(state=state, handed_over_at=at)
    return message


def test_purge__statuses_of_strangers__forgotten_after_ten_minutes() -> None:
    # Given: one may still wait for the answer to our own request
    message = say(make_conversation(), "hello")
    young, known = status(9), status(500, outbound=message)
    status(11)

    # When
    count = statuses.purge()

    # Then
    assert count == 1
    kept = set(MessageStatus.objects.values_list("pk", flat=True))
    assert kept == {young.pk, known.pk}


def test_purge__not_delivered_in_thirty_days__failed_and_told_to_a_person() -> None:
    # Given
    old = sent("old", 31)
    others = [
        sent("young", 29),
        sent("arrived", 31, State.DELIVERED),
        sent("read", 31, State.READ),
    ]

    # When
    counts = [statuses.purge(), statuses.purge()]

    # Then
    assert counts == [1, 0]
    old.refresh_from_db()
    assert (old.state, old.error_code) == (State.FAILED, "not_arrived")
    hand_off = HandOff.objects.get()
    assert (hand_off.kind, hand_off.profile) == (
        HandOff.Kind.UNDELIVERED,
        old.conversation.profile,
    )
    states = [OutboundMessage.objects.get(pk=each.pk).state for each in others]
    assert states == [State.SENT, State.DELIVERED, State.READ]
