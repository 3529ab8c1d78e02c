from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from agents.core.errors import HandOffError, OptedOut, TextRefused, WindowClosed
from agents.handoff import handoff
from agents.inbound import process_events
from agents.models import ColleagueAct, Conversation, Message, OutboundMessage
from agents.turns import history
from tests import payloads
from tests.agents.channel import jobs, store
from vouchers.codes import new_code

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db


def key() -> str:
    return str(uuid.uuid4())


def answer(chat: Conversation, text: str = "Come at nine.", **given: str) -> object:
    facts = {"reason": "the customer asked", "actor": "odette", "key": key()} | given
    return handoff.answer(conversation=chat, text=text, **facts)


def pause(chat: Conversation, given: str = "") -> bool:
    return handoff.pause(
        conversation=chat,
        reason="the customer asked",
        actor="odette",
        key=given or key(),
    )


def resume(chat: Conversation) -> bool:
    return handoff.resume(
        conversation=chat, reason="all is well", actor="odette", key=key()
    )


def test_answer__open_window__sent_by_a_colleague_and_agent_paused(cast: Cast) -> None:
    # When
    answer(cast.aline.chat)

    # Then
    message = OutboundMessage.objects.get()
    assert message.body == "*A person of our team writes:*\nCome at nine."
    assert message.written_by == "odette"
    assert jobs("agents.tasks.deliver") == [{"conversation_id": cast.aline.chat.pk}]
    chat = Conversation.objects.get(pk=cast.aline.chat.pk)
    assert chat.is_paused(timezone.now())
    act = ColleagueAct.objects.get()
    assert (act.kind, act.actor, act.reason, act.outbound) == (
        "answered",
        "odette",
        "the customer asked",
        message,
    )


def test_answer__same_key_twice__written_once(cast: Cast) -> None:
    # Given
    same = key()

    # When
    answer(cast.aline.chat, key=same)
    answer(cast.aline.chat, key=same)

    # Then
    assert OutboundMessage.objects.count() == 1
    assert ColleagueAct.objects.count() == 1


def test_answer__window_closed__refused_and_nothing_written(cast: Cast) -> None:
    # Given
    Conversation.objects.update(window_closes_at=timezone.now() + timedelta(seconds=30))

    # When
    with pytest.raises(WindowClosed, match="24-hour window is closed"):
        answer(cast.aline.chat)

    # Then
    assert_nothing_happened()


def test_answer__opted_out__refused_and_nothing_written(cast: Cast) -> None:
    # Given
    Conversation.objects.update(stopped_at=timezone.now())

    # When
    with pytest.raises(OptedOut, match="STOP"):
        answer(cast.aline.chat)

    # Then
    assert_nothing_happened()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "x" * 3001,
        "a\x00b",
        "abc\u202edef",
        "\ud800",
        f"Your code is {new_code().formatted}",
        "Look: {code:11111111-1111-4111-8111-111111111111}",
    ],
    ids=["empty", "blank", "long", "nul", "turned", "surrogate", "code", "place"],
)
def test_answer__text_that_may_not_be_sent__refused(cast: Cast, text: str) -> None:
    # When
    with pytest.raises(TextRefused):
        answer(cast.aline.chat, text)

    # Then
    assert_nothing_happened()


def assert_nothing_happened() -> None:
    assert OutboundMessage.objects.count() == 0
    assert ColleagueAct.objects.count() == 0
    assert Conversation.objects.filter(paused_at__isnull=False).count() == 0


def test_pause__twice__once_and_she_is_notified_once(cast: Cast) -> None:
    # When
    first, second = pause(cast.aline.chat), pause(cast.aline.chat)

    # Then
    assert (first, second) == (True, False)
    assert "person of our team has joined" in OutboundMessage.objects.get().body
    assert ColleagueAct.objects.get().kind == "paused"


def test_pause__window_closed__paused_without_a_message(cast: Cast) -> None:
    # Given
    Conversation.objects.update(window_closes_at=None)

    # When
    paused = pause(cast.aline.chat)

    # Then
    assert paused is True
    assert OutboundMessage.objects.count() == 0


def test_resume__paused__agent_answers_and_forgets_its_question(
    cast: Cast,
) -> None:
    # Given
    Conversation.objects.update(memory={"asked": "amount"})
    pause(cast.aline.chat)

    # When
    first, second = resume(cast.aline.chat), resume(cast.aline.chat)

    # Then
    assert (first, second) == (True, False)
    chat = Conversation.objects.get(pk=cast.aline.chat.pk)
    assert (chat.paused_at, chat.paused_until, chat.memory) == (None, None, {})
    kinds = ColleagueAct.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["paused", "resumed"]


def test_resume_overdue__a_day_after_the_last_answer__agent_resumes(cast: Cast) -> None:
    # Given
    answer(cast.aline.chat)
    pause(cast.bosco.chat)
    over = Conversation.objects.filter(pk=cast.aline.chat.pk)
    over.update(paused_until=timezone.now() - timedelta(seconds=1))

    # When
    ended = handoff.resume_overdue()

    # Then
    assert ended == 1
    assert over.get().paused_at is None
    assert Conversation.objects.get(pk=cast.bosco.chat.pk).paused_at is not None
    act = ColleagueAct.objects.latest("id")
    assert (act.kind, act.actor) == ("resumed", "system")


def test_is_paused__time_is_over__not_even_before_the_sweep(cast: Cast) -> None:
    # Given
    now = timezone.now()
    chat = Conversation(paused_at=now, paused_until=now + timedelta(hours=1))

    # Then
    assert chat.is_paused(now)
    assert not chat.is_paused(now + timedelta(hours=1))


def test_history__colleague_wrote__marked_for_the_model(
    cast: Cast,
) -> None:
    # Given
    pause(cast.aline.chat)
    message = cast.aline.writes("When do you open?")
    Message.objects.filter(pk=message.pk).update(state=Message.State.HANDED)
    answer(cast.aline.chat)

    # When
    said = history.before(conversation=cast.aline.chat, now=timezone.now())

    # Then
    texts = [str(item["content"]) for item in said]
    assert any("When do you open?" in text for text in texts)
    assert any(
        text.startswith("[a colleague wrote] ") and "Come at nine." in text
        for text in texts
    )


def test_process_stored_events__paused__stored_and_not_answered(
    cast: Cast, whatsapp: SettingsWrapper
) -> None:
    # Given
    pause(cast.aline.chat)

    # When
    store(payloads.text("hello", sender="250788100001"))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == Message.State.HANDED
    assert jobs("agents.tasks.turn") == []


def test_process_stored_events__paused_and_stop__stored_and_confirmed(
    cast: Cast, whatsapp: SettingsWrapper
) -> None:
    # Given
    pause(cast.aline.chat)

    # When
    store(payloads.text("STOP", sender="250788100001"))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == Message.State.DONE
    assert Conversation.objects.get(pk=cast.aline.chat.pk).stopped_at is not None


def test_act__changed_or_deleted_in_sql__refused(cast: Cast) -> None:
    # Given
    pause(cast.aline.chat)

    # When
    for statement in (
        "UPDATE agents_colleagueact SET actor = 'nobody'",
        "UPDATE agents_colleagueact SET reason = 'another'",
        "UPDATE agents_colleagueact SET reason = '', actor = 'nobody'",
        "DELETE FROM agents_colleagueact",
    ):
        with (
            pytest.raises(IntegrityError, match="written once"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    # Then
    ColleagueAct.objects.update(reason="")
    assert ColleagueAct.objects.get().actor == "odette"


def test_hand_off_error__every_one__is_a_sentence() -> None:
    for error in (WindowClosed(), OptedOut(), TextRefused("No.")):
        assert isinstance(error, HandOffError)
        assert str(error).endswith(".")
