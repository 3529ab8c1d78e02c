"""A new code reaches its owner as a QR image with the same text, where that is on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core import serializers
from django.utils import timezone

from agents.models import Conversation, OutboundMessage
from agents.notifications import voucher_events
from tests.agents.outbound.delivering import deliver, make_conversation
from tests.fakes.graph import drop, raw, refuse
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services import envelopes
from vouchers.services.issue import Issued, issue_voucher
from vouchers.services.rotate import rotate_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from tests.fakes.graph import FakeGraph, Script


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(msisdn="+250788654321", name="Diane", role="staff")


@pytest.fixture
def chat(switch: Callable[..., None], settings: SettingsWrapper) -> Conversation:
    switch(chat=True, vouchers=True)
    settings.WA_CODE_IMAGE = True
    return make_conversation(msisdn="+250788123456", name="Aline")


@pytest.fixture
def issued(chat: Conversation, diane: Profile) -> Issued:
    return issue_voucher(
        customer=chat.profile,
        amount=Money(10_000, "RWF"),
        actor=Actor.of_profile(diane, channel="whatsapp"),
        key=f"test:{uuid4()}",
    )


def test_code__on__one_image_with_the_text_and_nothing_of_it_is_kept(
    graph: FakeGraph, chat: Conversation, issued: Issued
) -> None:
    # When
    voucher_events.announce()
    deliver(chat)

    # Then
    [taken] = graph.sent
    assert issued.code is not None
    assert taken.body["type"] == "image"
    assert issued.code.formatted in taken.text
    assert issued.voucher.reference in taken.text
    [image] = graph.uploads.values()
    message = OutboundMessage.objects.get()
    assert (message.kind, message.state) == ("image", "sent")
    stored = serializers.serialize("json", [message])
    assert issued.code.digits not in stored.replace(" ", "")
    assert len(stored) < len(image) + 2_000
    assert graph.rejected == []


@pytest.mark.parametrize("is_on", [True, False])
def test_code__on_or_off__the_same_words(
    graph: FakeGraph,
    chat: Conversation,
    issued: Issued,
    settings: SettingsWrapper,
    is_on: bool,
) -> None:
    settings.WA_CODE_IMAGE = is_on
    voucher_events.announce()
    deliver(chat)
    body = OutboundMessage.objects.get().body
    assert f"{{code:{issued.voucher.public_id}}}" in body
    assert [taken.body["type"] for taken in graph.sent] == [
        "image" if is_on else "text"
    ]
    assert len(graph.uploads) == is_on


@pytest.mark.parametrize(
    "answer",
    [
        refuse(131_000, 500),
        refuse(190, 401),
        raw(b"<html>"),
        raw(b'{"id": 7}'),
        drop(),
    ],
    ids=["error", "token", "html", "no id", "dropped"],
)
def test_code__upload_fails__the_text_is_sent_alone_once(
    graph: FakeGraph, chat: Conversation, issued: Issued, answer: Script
) -> None:
    graph.upload_script = answer
    voucher_events.announce()
    deliver(chat)
    [taken] = graph.sent
    assert taken.body["type"] == "text"
    assert issued.code is not None
    assert issued.code.formatted in taken.text


def test_code__window_closes_before_sending__by_the_template(
    graph: FakeGraph,
    chat: Conversation,
    issued: Issued,
    settings: SettingsWrapper,
) -> None:
    settings.WA_TEMPLATE_VOUCHER_ISSUED = "voucher_issued"
    voucher_events.announce()
    Conversation.objects.update(window_closes_at=timezone.now() - timedelta(hours=1))
    deliver(chat)
    [taken] = graph.sent
    assert taken.body["type"] == "template"
    assert graph.uploads == {}


def test_code__dropped_before_sending__text_without_it(
    graph: FakeGraph, chat: Conversation, issued: Issued
) -> None:
    voucher_events.announce()
    envelopes.drop(issued.voucher)
    deliver(chat)
    [taken] = graph.sent
    assert taken.body["type"] == "text"
    assert f"•••• {issued.voucher.code_last4}" in taken.text


def test_code__replaced__the_owner_gets_the_image_of_the_new_code(
    graph: FakeGraph, chat: Conversation, issued: Issued, diane: Profile
) -> None:
    fresh = rotate_code(
        voucher=issued.voucher,
        actor=Actor.of_profile(diane, channel="whatsapp"),
        reason="Lost",
        key="rotate",
    )
    voucher_events.announce()
    deliver(chat)
    assert fresh.code is not None
    assert {taken.body["type"] for taken in graph.sent} == {"image"}
    assert all(fresh.code.formatted in taken.text for taken in graph.sent)
