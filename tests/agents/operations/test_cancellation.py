from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections, transaction
from django.utils import timezone

from agents.models import OutboundMessage, PendingAction, ToolCall, Turn
from agents.operations import cancellation
from rollout.core.ports import ports
from rollout.models import TimelineEntry
from rollout.stages.rollback import rollback_full, rollback_quick
from tests.agents.outbound.delivering import make_conversation, say

if TYPE_CHECKING:
    from agents.models import Conversation

SAID = {"reason": "a leak", "actor": "odette", "source": "cli"}
State = OutboundMessage.State


def ask(conversation: Conversation) -> PendingAction:
    now = timezone.now()
    turn = Turn.objects.create(
        conversation=conversation,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        correlation_id=uuid.uuid4(),
        lease_expires_at=now,
        finished_at=now,
    )
    call = ToolCall.objects.create(turn=turn, ordinal=0, name="redeem_voucher")
    return PendingAction.objects.create(
        conversation=conversation,
        profile=conversation.profile,
        tool_call=call,
        operation="redeem_voucher",
        arguments={},
        arguments_sha256=bytes(32),
        expires_at=timezone.now() + timedelta(minutes=10),
    )


@pytest.mark.django_db
def test_full__replies_and_questions_that_wait__are_cancelled_and_told() -> None:
    # Given
    chat = make_conversation(name="Aline", msisdn="+250788100001")
    mine, colleagues = say(chat, "one"), say(chat, "two", written_by="grace")
    sent = say(chat, "three")
    OutboundMessage.objects.filter(pk=sent.pk).update(state=State.SENT)
    question = ask(chat)

    # When
    rollback_full(**SAID)

    # Then
    states = dict(OutboundMessage.objects.values_list("pk", "state"))
    assert states == {
        mine.pk: State.CANCELLED,
        colleagues.pk: State.QUEUED,
        sent.pk: State.SENT,
    }
    question.refresh_from_db()
    assert (question.status, question.decided_at is None) == ("expired", False)
    told = TimelineEntry.objects.get(text__startswith="Cancelled")
    assert told.text == "Cancelled what waited: 2 replies and questions."


@pytest.mark.django_db
def test_quick__what_waits__is_left_to_its_job() -> None:
    waits = say(make_conversation(name="Aline", msisdn="+250788100001"), "one")
    rollback_quick(**SAID)
    waits.refresh_from_db()
    assert waits.state == State.QUEUED


@pytest.mark.django_db
def test_full__cancelling_fails__is_done_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> int:
        with transaction.atomic():
            OutboundMessage.objects.raw("SELECT no_such_column")[0]
        return 0

    monkeypatch.setattr(ports, "cancel_waiting", fail)
    done = rollback_full(**SAID)
    assert done.rolled_back.is_full is True
    assert done.receipt is not None


@pytest.mark.usefixtures("committed_db")
def test_cancel__message_that_is_being_sent__is_left_to_its_sender() -> None:
    # Given
    chat = make_conversation(name="Aline", msisdn="+250788100001")
    held, free = say(chat, "one"), say(chat, "two")
    has_it, leave = threading.Event(), threading.Event()

    def send() -> None:
        with transaction.atomic():
            OutboundMessage.objects.select_for_update(no_key=True).get(pk=held.pk)
            has_it.set()
            leave.wait(250)
        connections.close_all()

    thread = threading.Thread(target=send)
    thread.start()
    assert has_it.wait(60)

    # When
    try:
        assert cancellation.cancel_waiting() == 1
    finally:
        leave.set()
        thread.join()

    # Then
    free.refresh_from_db()
    held.refresh_from_db()
    assert (held.state, free.state) == (State.QUEUED, State.CANCELLED)


@pytest.mark.django_db
def test_staff__roles_and_sandbox__only_our_own_people() -> None:
    # Given
    people = {
        role: make_conversation(name=role, msisdn=f"+25078810000{n}", role=role)
        for n, role in enumerate(["customer", "staff", "support"])
    }
    play = make_conversation(
        name="Diane", msisdn="+250788000009", role="staff", is_sandbox=True
    )
    ids = {role: str(chat.profile.public_id) for role, chat in people.items()}
    asked = [*ids.values(), str(play.profile.public_id), "no such subject"]

    # When
    assert ports.is_staff is not None
    found = ports.is_staff(asked)

    # Then
    assert [found[one] for one in asked] == [False, True, True, False, False]
