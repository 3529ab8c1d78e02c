from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from agents.models import Conversation, Message, SeenMessage, Turn
from easymo.database import prepared_rows
from vouchers.models import Profile


@pytest.fixture
def chat(db: None) -> Conversation:
    person = Profile.objects.create(msisdn="+250788123456")
    return Conversation.objects.create(profile=person, phone_number_id="1")


def message(chat: Conversation, digest: bytes) -> Message:
    return Message(
        conversation=chat,
        provider_id_hmac=digest,
        kind="text",
        text="it's 100 %",
        codes_sealed=b"\x00sealed",
        detail={"place": [1.5, None]},
        sent_at=timezone.now(),
    )


def test_insert__every_kind_of_field__as_django_writes_it(chat: Conversation) -> None:
    # Given
    ours, djangos = message(chat, b"1"), message(chat, b"2")

    # When
    prepared_rows.insert(ours)
    djangos.save(force_insert=True)

    # Then
    assert ours.pk
    assert not ours._state.adding
    read, wanted = Message.objects.get(pk=ours.pk), Message.objects.get(pk=djangos.pk)
    for field in Message._meta.concrete_fields:
        if field.name not in {"id", "provider_id_hmac", "sent_at", "received_at"}:
            assert getattr(read, field.attname) == getattr(wanted, field.attname)
    assert read.sent_at == ours.sent_at
    assert read.received_at == ours.received_at


def test_insert__key_given__keeps_it(db: None) -> None:
    prepared_rows.insert(SeenMessage(pk=b"digest"))

    assert bytes(SeenMessage.objects.get().id_hmac) == b"digest"


def test_insert__said_by_the_database__is_its_clock(chat: Conversation) -> None:
    # When
    turn = Turn(
        conversation=chat, lease_token=uuid.uuid4(), correlation_id=uuid.uuid4()
    )
    prepared_rows.insert(
        turn, lease_expires_at=("statement_timestamp() + %s", timedelta(days=9))
    )

    # Then
    turn.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp() + interval '9 days'")
        now = cursor.fetchone()[0]
    assert now - timedelta(seconds=9) < turn.lease_expires_at <= now


def test_update__some_fields__leaves_the_others(chat: Conversation) -> None:
    chat.language, chat.memory, chat.username = "rw", {"asked": 1}, "not written"

    prepared_rows.update(chat, ["language", "memory"])

    chat.refresh_from_db()
    assert (chat.language, chat.memory, chat.username) == ("rw", {"asked": 1}, "")


def test_update__row_is_gone__raises(chat: Conversation) -> None:
    Conversation.objects.all().delete()

    with pytest.raises(prepared_rows.RowIsGone):
        prepared_rows.update(chat, ["language"])
