"""Every list of this app asks the database as often for twenty rows as for two."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.content import publishing
from agents.models import (
    ApiToken,
    Block,
    Call,
    ConsentEvent,
    ContentVersion,
    Conversation,
    DeadLetter,
    ForwardedItem,
    HandOff,
    IdentityClaim,
    Media,
    MentionSearch,
    Message,
    OutboundMessage,
    PhonePin,
    RealtimeEvent,
    SendingLine,
    Turn,
    WebhookEvent,
)
from tests.backoffice import signed_in
from vouchers.models import Erasure, Profile, Station

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db

admin.autodiscover()
MODELS = sorted(
    (model for model in admin.site._registry if model._meta.app_label == "agents"),
    key=lambda model: model._meta.label,
)


def grow(first: int, count: int) -> None:
    """Add this number of rows of everything, each of another person."""
    for number in range(first, first + count):
        person = Profile.objects.create(
            name=f"Person {number}", msisdn=f"+25078810{number:04d}"
        )
        conversation = Conversation.objects.create(
            profile=person, phone_number_id=f"{number}"
        )
        talk(conversation, number)
        beside(person, conversation, number)
        phone(person, number)
        version(number)


def talk(conversation: Conversation, number: int) -> None:
    now = timezone.now()
    digest = number.to_bytes(32, "big")
    event = WebhookEvent.objects.create(
        body=b"{}", sha256=digest, correlation_id=uuid.uuid4()
    )
    DeadLetter.objects.create(event=event, path="/entry/0", reason="unreadable")
    message = Message.objects.create(
        conversation=conversation,
        provider_id_hmac=digest,
        event=event,
        kind="image",
        sent_at=now,
    )
    Media.objects.create(message=message, kind="image", provider_media_id=str(number))
    turn = Turn.objects.create(
        conversation=conversation,
        status=Turn.Status.DONE,
        lease_token=uuid.uuid4(),
        lease_expires_at=now,
        correlation_id=uuid.uuid4(),
        finished_at=now,
        outcome="reply",
    )
    OutboundMessage.objects.create(
        conversation=conversation,
        turn=turn,
        cause=f"turn:{turn.pk}",
        body="Hello.",
        state=OutboundMessage.State.FAILED,
        error_code="131000",
    )
    OutboundMessage.objects.create(
        conversation=conversation, cause=f"waits:{number}", body="Hello."
    )
    ForwardedItem.objects.create(
        lane=digest,
        key=digest,
        event=event,
        kind="message",
        reason="feature_off",
        content=b"{}",
    )


def version(number: int) -> None:
    ContentVersion.objects.create(
        number=number,
        document=publishing.document_to_edit(),
        reason="a test",
        published_by="odette",
    )


def phone(person: Profile, number: int) -> None:
    Call.objects.create(
        call_id=f"rtc_{number}",
        event=RealtimeEvent.objects.create(
            webhook_id=str(number),
            sha256=number.to_bytes(32, "big"),
            correlation_id=uuid.uuid4(),
        ),
        correlation_id=uuid.uuid4(),
        profile=person,
        received_at=timezone.now(),
    )
    PhonePin.objects.create(
        profile=person,
        hash="$argon2id$x",
        key_id="k",
        length=4,
        set_at=timezone.now(),
        set_by="the person",
    )


def beside(person: Profile, conversation: Conversation, number: int) -> None:
    now = timezone.now()
    SendingLine.objects.create(
        pk=str(number), held_until=now + timedelta(hours=1), error_code="190", holds=1
    )
    HandOff.objects.create(
        kind=HandOff.Kind.ASKED,
        profile=person,
        conversation=conversation,
        reason="The customer asked.",
    )
    other = Profile.objects.create(name=f"Other {number}")
    IdentityClaim.objects.create(
        kind="first_id", profile=person, other=other, bsuid=f"RW.1{number}"
    )
    MentionSearch.objects.create(
        erasure=Erasure.objects.create(profile=other, actor="odette", reason="asked"),
        words_sealed=b"x",
        barrier=1,
    )
    Block.objects.create(profile=person, reason="spam", blocked_by="odette")
    ConsentEvent.objects.create(
        profile=person, kind="stop", source="words", cause=f"message:{number}"
    )
    ApiToken.objects.create(
        name=f"token {number}",
        digest=number.to_bytes(32, "big"),
        scopes=["lookup"],
        station=Station.objects.create(code=f"S{number}", name=f"Station {number}"),
        created_by="odette",
    )


def test_grow__leaves_no_list_empty() -> None:
    grow(1, 1)

    assert [model for model in MODELS if not model._default_manager.exists()] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list__two_and_twenty_rows__same_number_of_queries(model: type[Model]) -> None:
    # Given
    browser = signed_in("superuser")
    page = reverse(f"admin:agents_{model._meta.model_name}_changelist")
    grow(1, 2)
    assert browser.get(page).status_code == 200

    # When
    with CaptureQueriesContext(connection) as few:
        browser.get(page)
    grow(3, 18)
    with CaptureQueriesContext(connection) as many:
        shown = browser.get(page)

    # Then
    assert shown.context["cl"].result_count >= 20
    assert len(many) == len(few)
