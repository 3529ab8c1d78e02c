from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from agents.core import handoffs
from agents.handoff import handoff, inbox
from agents.models import (
    ColleagueAct,
    Conversation,
    HandOff,
    InboxEntry,
    Message,
)
from agents.operations.erasure import erase_person
from tests.agents.handoff.test_inbox import (
    ROUNDS,
    answer,
    asks,
    at_once,
    claim,
    close,
    entry,
    key,
    shown,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", HandOff.Kind)
def test_entry__task_opened_and_closed__there_for_its_time(
    cast: Cast, kind: HandOff.Kind
) -> None:
    # When
    task = asks(cast, kind)
    found = entry(cast)
    close(task)

    # Then
    assert (found is None) == (kind in handoffs.DECIDED_ELSEWHERE)
    assert found is None or found.waiting_since == task.opened_at
    assert entry(cast) is None


def test_entry__one_of_two_tasks_closed__stays(cast: Cast) -> None:
    # Given
    first, second = asks(cast), asks(cast, HandOff.Kind.CAPPED)

    # When
    close(first)

    # Then
    assert shown(cast).waiting_since == first.opened_at
    close(second)
    assert entry(cast) is None


def test_entry__agent_paused_and_resumed__there_meanwhile(
    cast: Cast, odette: User
) -> None:
    # When
    claim(cast, odette)
    found = shown(cast)
    inbox.hand_back(
        conversation=cast.aline.chat, user=odette, key=key(), may_close=True
    )

    # Then
    assert (found.waiting_since, found.assignee) == (None, odette)
    assert entry(cast) is None


def test_entry__answer_then_message_for_the_colleague__waits_again(
    cast: Cast, odette: User
) -> None:
    # Given
    asks(cast)
    answer(cast, odette)
    assert shown(cast).waiting_since is None

    # When
    first = cast.aline.writes("Are you there?")
    Message.objects.filter(pk=first.pk).update(state=Message.State.HANDED)
    second = cast.aline.writes("Hello?")
    Message.objects.filter(pk=second.pk).update(state=Message.State.HANDED)

    # Then
    first.refresh_from_db()
    assert shown(cast).waiting_since == first.received_at


def test_entry__asked_again_after_an_answer__waits_again(
    cast: Cast, odette: User
) -> None:
    # Given: the task was left open
    asks(cast)
    answer(cast, odette)
    inbox.hand_back(
        conversation=cast.aline.chat, user=odette, key=key(), may_close=False
    )
    assert shown(cast).waiting_since is None

    # When
    asks(cast)

    # Then
    assert shown(cast).waiting_since is not None


def test_entry__pause_is_over_with_an_open_message__waits(
    cast: Cast, odette: User
) -> None:
    # Given
    claim(cast, odette)
    said = cast.aline.writes("Hello?")
    Message.objects.filter(pk=said.pk).update(state=Message.State.HANDED)
    Conversation.objects.filter(pk=cast.aline.chat.pk).update(
        paused_until=timezone.now() - timedelta(seconds=1)
    )

    # When
    handoff.resume_overdue()

    # Then
    assert shown(cast).waiting_since == said.received_at
    assert handoffs.open_tasks(cast.aline.chat).count() == 1


def test_entry__person_erased__gone(cast: Cast, odette: User) -> None:
    # Given
    asks(cast)
    claim(cast, odette)
    inbox.note(conversation=cast.aline.chat, user=odette, text="Aline is angry.")

    # When
    erase_person(profile=cast.aline.profile, reason="asked", actor="odette")

    # Then
    assert entry(cast) is None
    assert ColleagueAct.objects.exclude(reason="").count() == 0


def test_entry__claim_without_a_time__refused(cast: Cast, odette: User) -> None:
    asks(cast)
    with (
        pytest.raises(IntegrityError, match="inbox_claim_has_colleague_and_time"),
        transaction.atomic(),
    ):
        InboxEntry.objects.update(assignee=odette)


@pytest.mark.django_db(transaction=True)
def test_entry__task_closed_while_another_opens__stays(
    committed_db: str, cast: Cast
) -> None:
    for _ in range(ROUNDS):
        # Given
        HandOff.objects.filter(closed_at=None).update(closed_at=timezone.now())
        task = asks(cast)

        # When
        def run(name: str, task: HandOff = task) -> bool:
            if name == "odette":
                close(task)
            else:
                asks(cast, HandOff.Kind.CAPPED)
            return True

        at_once(run)

        # Then
        assert entry(cast) is not None
