from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from agents.identity import blocks, consent
from agents.inbound import process_events
from agents.models import (
    ConsentEvent,
    Conversation,
    ForwardedItem,
    Message,
    OutboundMessage,
    Turn,
)
from agents.turns import budgets
from agents.turns.claim import start_or_resume
from agents.turns.quiet_time import Timing
from tests import payloads
from tests.agents.channel import jobs, store
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

ALINE = "+250788123456"
AT_ONCE = Timing(quiet_after_text=0.0, quiet_after_media=0.0)


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


def say(text: str, **fields: Any) -> Message:
    store(payloads.text(text, sender=ALINE, **fields))
    process_events.process_stored_events()
    return Message.objects.latest("pk")


def sent() -> list[str]:
    return [row.body for row in OutboundMessage.objects.order_by("pk")]


def take_turn() -> Turn:
    conversation = Conversation.objects.get()
    begun = start_or_resume(conversation_id=conversation.pk, timing=AT_ONCE)
    assert isinstance(begun, tuple)
    return begun[1]


def test_handle_consent_word__stop__one_confirmation_and_no_turn() -> None:
    # When
    first, again = say("STOP"), say("stop.")

    # Then
    assert [first.state, again.state] == ["done", "done"]
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source) == ("stop", "words")
    assert sent() == [
        "You will get no more messages from us. Write START when you want them again."
    ]
    assert jobs("agents.tasks.turn") == []
    assert Conversation.objects.get().stopped_at is not None


def test_handle_consent_word__after_stop__customer_messages_are_answered() -> None:
    say("STOP")

    assert say("hello").state == Message.State.WAITING


def test_handle_consent_word__start__confirmed_in_the_customers_language() -> None:
    # Given
    say("hagarika")

    # When
    say("tangira")

    # Then
    assert [e.kind for e in ConsentEvent.objects.order_by("pk")] == ["stop", "start"]
    assert Conversation.objects.get().stopped_at is None
    assert len(sent()) == 2
    assert not consent.is_opted_out(Profile.objects.get())


def test_handle_consent_word__start_without_stop__is_an_ordinary_message() -> None:
    assert say("start").state == Message.State.WAITING
    assert sent() == []


def test_handle_consent_word__during_flood_and_pause__recorded() -> None:
    # Given
    store(*(payloads.text(f"{n}", sender=ALINE) for n in range(40)))
    process_events.process_stored_events()
    Conversation.objects.update(paused_at=timezone.now())

    # Then
    assert say("STOP").state == Message.State.DONE
    assert ConsentEvent.objects.count() == 1


def test_handle_consent_word__feature_off__kept_and_not_answered(
    switch: Callable[..., None],
) -> None:
    # Given
    say("hello")
    switch(chat=False)

    # When
    say("STOP")

    # Then
    assert ConsentEvent.objects.get().kind == "stop"
    assert sent() == []


@pytest.mark.parametrize(("word", "stopped"), [("stop", True), ("resume", False)])
def test_record_preference__whatsapp_settings__recorded_as_consent(
    word: str, stopped: bool
) -> None:
    # Given
    say("hello")
    if not stopped:
        say("STOP")
    body = payloads.envelope(field="user_preferences")
    body["entry"][0]["changes"][0]["value"]["user_preferences"] = [
        {
            "wa_id": ALINE.removeprefix("+"),
            "category": "marketing_messages",
            "value": word,
            "timestamp": "1790000000",
        },
        {"value": "odd"},
    ]

    # When
    for _ in range(2):
        post_json(body)

    # Then
    assert consent.is_opted_out(Profile.objects.get()) is stopped
    assert ConsentEvent.objects.filter(source="preferences").count() == 1


def test_consent_event__rewritten__refused_by_the_database() -> None:
    say("STOP")

    for statement in (
        "UPDATE agents_consentevent SET kind = 'start'",
        "DELETE FROM agents_consentevent",
    ):
        with (
            pytest.raises(IntegrityError, match="written once"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_block__messages__are_stored_and_not_answered(
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.LEGACY_WEBHOOK_URL = "http://127.0.0.1:9/"
    waiting = say("hello")
    aline = Profile.objects.get()

    # When
    blocks.block_profile(profile=aline, reason="abuse", actor="op")

    # Then
    waiting.refresh_from_db()
    assert waiting.state == Message.State.BLOCKED
    assert say("again").state == Message.State.BLOCKED
    assert sent() == []
    assert ForwardedItem.objects.count() == 0
    assert blocks.block_profile(profile=aline, reason="twice", actor="op") is None


def test_block__ran_out_or_lifted__is_answered_again() -> None:
    # Given
    say("hello")
    aline = Profile.objects.get()
    past = timezone.now() - timedelta(seconds=1)
    blocks.block_profile(profile=aline, reason="abuse", actor="op", expires_at=past)

    # Then
    assert say("again").state == Message.State.WAITING
    second = blocks.block_profile(profile=aline, reason="more", actor="op")
    assert second is not None
    assert blocks.lift_block(block=second, reason="sorry", actor="op") is True
    assert blocks.lift_block(block=second, reason="sorry", actor="op") is False
    assert say("once more").state == Message.State.WAITING


@pytest.mark.parametrize(
    ("limit", "value", "spent"),
    [
        ("PERSON_DAILY_TURNS", 2, {}),
        ("PERSON_DAILY_TOKENS", 100, {"input_tokens": 60, "output_tokens": 40}),
        ("PERSON_DAILY_COST_USD", 0.5, {"cost": "0.50"}),
    ],
)
def test_claim__day_used_up__one_notice_and_no_model(
    settings: SettingsWrapper, limit: str, value: float, spent: dict[str, Any]
) -> None:
    # Given
    setattr(settings, limit, value)
    say("hello")
    conversation = Conversation.objects.get()
    for _ in range(2):
        ended(conversation, **spent)

    # When
    turns = []
    for _ in range(2):
        turns.append(take_turn())
        say("hello again")

    # Then
    assert {(turn.outcome, turn.error_code) for turn in turns} == {
        ("silent", budgets.OVER)
    }
    assert len(sent()) == 1
    assert "tomorrow" in sent()[0]


def test_claim__day_used_up__handoff_still_possible(
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.PERSON_DAILY_TURNS = 1
    say("hello")
    ended(Conversation.objects.get())

    # When
    say("agent")

    # Then
    assert take_turn().status == Turn.Status.RUNNING


def test_is_over_hour__all_together__sum_is_cached(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(budgets, "HOUR_CACHE", {})
    monkeypatch.setattr(budgets, "CACHE_S", 3600.0)
    settings.HOURLY_COST_USD = 1.0
    say("hello")
    assert budgets.is_over_hour() is False
    ended(Conversation.objects.get(), cost="1.5")

    # Then
    assert budgets.is_over_hour() is False
    budgets.HOUR_CACHE.clear()
    assert budgets.is_over_hour() is True


def ended(conversation: Conversation, **spent: Any) -> Turn:
    now = timezone.now()
    return Turn.objects.create(
        conversation=conversation,
        status=Turn.Status.DONE,
        outcome="reply",
        finished_at=now,
        lease_token="00000000-0000-4000-8000-000000000000",
        lease_expires_at=now,
        correlation_id="00000000-0000-4000-8000-000000000000",
        **spent,
    )


def post_json(body: dict[str, Any]) -> None:
    import json

    from tests.agents.channel import post

    post(json.dumps(body).encode())
    process_events.process_stored_events()
