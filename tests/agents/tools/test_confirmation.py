from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from agents.models import Conversation, PendingAction, ToolCall, Turn
from agents.tools import confirmation
from agents.tools.base import Pending
from tests.agents.outbound.delivering import make_conversation

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db


@pytest.fixture
def aline() -> Conversation:
    return make_conversation(msisdn="+250788123456")


@pytest.fixture
def bosco() -> Conversation:
    return make_conversation(msisdn="+250788999999")


def ask(conversation: Conversation, voucher: str = "V-1") -> PendingAction:
    now = timezone.now()
    turn = Turn.objects.create(
        conversation=conversation,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        correlation_id=uuid.uuid4(),
        lease_expires_at=now,
        finished_at=now,
    )
    return confirmation.store_question(
        conversation=conversation,
        tool_call=ToolCall.objects.create(turn=turn, ordinal=0, name="redeem_voucher"),
        pending=Pending("redeem_voucher", {"voucher": voucher}, "Redeem it?"),
    )


def press(
    action: PendingAction, conversation: Conversation, *, now: datetime | None = None
) -> confirmation.ButtonPress:
    return confirmation.check_press(
        button_id=f"confirm:{action.public_id}",
        conversation=conversation,
        now=now or timezone.now(),
    )


def test_check_press__own_question__counts(aline: Conversation) -> None:
    action = ask(aline)

    pressed = press(action, aline)

    assert pressed.counts
    assert pressed.action == action


def test_check_press__other_chat_of_the_same_person__is_foreign(
    aline: Conversation,
) -> None:
    other = Conversation.objects.create(profile=aline.profile, phone_number_id="7")

    assert press(ask(aline), other).text == "confirm.foreign"


def test_check_press__chat_has_another_person_now__is_foreign(
    aline: Conversation, bosco: Conversation
) -> None:
    action = ask(aline)
    PendingAction.objects.update(profile=bosco.profile)

    assert press(action, aline).text == "confirm.foreign"


def test_check_press__at_its_end__is_expired_from_then_on(aline: Conversation) -> None:
    # Given
    action = ask(aline)
    before = action.expires_at - timedelta(microseconds=1)
    assert action.expires_at - action.created_at == pytest.approx(
        timedelta(minutes=10), abs=timedelta(seconds=5)
    )

    # Then
    assert press(action, aline, now=before).counts
    assert press(action, aline, now=action.expires_at).text == "confirm.expired"
    assert press(action, aline, now=before).text == "confirm.expired"


def test_withdraw_question__of_one_chat__only_its_question_ends(
    aline: Conversation, bosco: Conversation
) -> None:
    # Given
    expired, replaced, other = ask(aline), ask(aline, "V-2"), ask(bosco)
    past = timezone.now() - timedelta(minutes=1)
    PendingAction.objects.filter(pk=expired.pk).update(status="declined")

    # When
    confirmation.withdraw_question(conversation=aline, now=timezone.now())
    PendingAction.objects.filter(pk=other.pk).update(expires_at=past)

    # Then
    statuses = dict(PendingAction.objects.values_list("pk", "status"))
    assert statuses == {
        expired.pk: "declined",
        replaced.pk: "replaced",
        other.pk: "waiting",
    }
    assert not confirmation.is_waiting(aline)
    assert not confirmation.is_waiting(bosco)


def test_withdraw_question__after_its_end__is_expired(aline: Conversation) -> None:
    action = ask(aline)

    confirmation.withdraw_question(conversation=aline, now=action.expires_at)

    assert PendingAction.objects.get().status == "expired"


def test_store_question__asked_again__keeps_its_button_and_its_time_begins_anew(
    aline: Conversation,
) -> None:
    # Given
    first = ask(aline)
    PendingAction.objects.update(expires_at=timezone.now() + timedelta(seconds=5))

    # When
    again = ask(aline)

    # Then
    assert (again.pk, again.public_id) == (first.pk, first.public_id)
    assert again.tool_call_id != first.tool_call_id
    assert again.expires_at > timezone.now() + timedelta(minutes=9)
    assert press(first, aline).counts


@pytest.mark.parametrize("status", ["declined", "confirmed", "expired", "replaced"])
def test_store_question__asked_again_after_its_end__is_a_new_one(
    aline: Conversation, status: str
) -> None:
    first = ask(aline)
    PendingAction.objects.update(status=status, decided_at=timezone.now())

    again = ask(aline)

    assert again.pk != first.pk
    assert not press(first, aline).counts


@pytest.mark.parametrize(("voucher", "waits"), [("V-1", False), ("V-2", True)])
def test_withdraw_done__only_the_same_operation__ends(
    aline: Conversation, voucher: str, waits: bool
) -> None:
    ask(aline)

    confirmation.withdraw_done(
        conversation=aline, operation="redeem_voucher", arguments={"voucher": voucher}
    )

    assert confirmation.is_waiting(aline) is waits
