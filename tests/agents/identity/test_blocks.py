from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.identity import blocks
from agents.models import Block, Conversation, Message, OutboundMessage
from tests.agents.outbound.delivering import make_conversation, say

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db


@pytest.fixture
def aline() -> Conversation:
    return make_conversation(msisdn="+250788123456")


@pytest.fixture
def bosco() -> Conversation:
    return make_conversation(msisdn="+250788999999")


def block(
    conversation: Conversation, *, expires_at: datetime | None = None
) -> Block | None:
    return blocks.block_profile(
        profile=conversation.profile, reason="Abuse", actor="op", expires_at=expires_at
    )


def received(conversation: Conversation, state: str) -> Message:
    return Message.objects.create(
        conversation=conversation,
        state=state,
        provider_id_hmac=f"{state:>10}{conversation.pk:022}".encode(),
        kind="text",
        text="hello",
        sent_at=timezone.now(),
    )


def test_block_profile__queued_messages__only_theirs_are_cancelled(
    aline: Conversation, bosco: Conversation
) -> None:
    # Given
    queued, other, sent = say(aline, "one"), say(bosco, "two"), say(aline, "three")
    OutboundMessage.objects.filter(pk=sent.pk).update(state="sent")

    # When
    block(aline)

    # Then
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert states == {queued.pk: "cancelled", other.pk: "queued", sent.pk: "sent"}


def test_block_profile__waiting_messages__only_theirs_are_blocked(
    aline: Conversation, bosco: Conversation
) -> None:
    # Given
    theirs, other = received(aline, "waiting"), received(bosco, "waiting")
    answered = received(aline, "done")

    # When
    block(aline)

    # Then
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {theirs.pk: "blocked", other.pk: "waiting", answered.pk: "done"}
    assert blocks.is_blocked(aline.profile)
    assert not blocks.is_blocked(bosco.profile)


def test_block_profile__earlier_block_expired__is_lifted_and_followed(
    aline: Conversation, bosco: Conversation
) -> None:
    # Given
    past = timezone.now() - timedelta(seconds=1)
    earlier, other = block(aline, expires_at=past), block(bosco, expires_at=past)
    assert earlier is not None
    assert other is not None
    assert not blocks.is_in_force(earlier)

    # When
    later = block(aline)

    # Then
    earlier.refresh_from_db()
    other.refresh_from_db()
    assert later is not None
    assert later.pk != earlier.pk
    assert earlier.lifted_by == "time"
    assert other.lifted_at is None
    assert blocks.is_in_force(later)


def test_is_in_force__until_its_end_or_lifted__true(aline: Conversation) -> None:
    made = block(aline, expires_at=timezone.now() + timedelta(hours=1))
    assert made is not None
    assert blocks.is_in_force(made)

    blocks.lift_block(block=made, reason="Sorry", actor="op")

    made.refresh_from_db()
    assert not blocks.is_in_force(made)


def test_lift_block__of_two_people__only_theirs_is_lifted(
    aline: Conversation, bosco: Conversation
) -> None:
    # Given
    first, second = block(aline), block(bosco)
    assert first is not None
    assert second is not None

    # When
    assert blocks.lift_block(block=first, reason="Sorry", actor="op")

    # Then
    assert not blocks.is_blocked(aline.profile)
    assert blocks.is_blocked(bosco.profile)
