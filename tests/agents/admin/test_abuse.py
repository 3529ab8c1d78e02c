from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from agents.identity import blocks
from agents.inbound import process_events
from agents.models import Block, Conversation
from tests import payloads
from tests.agents.channel import store
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


def say(text: str) -> None:
    store(payloads.text(text))
    process_events.process_stored_events()


@pytest.mark.parametrize(
    "page", ["forwardeditem", "block", "consentevent", "conversation"]
)
def test_admin__pages__open(admin_client: Client, page: str) -> None:
    # Given
    say("STOP")
    aline = Profile.objects.get()
    blocks.block_profile(profile=aline, reason="abuse", actor="op")

    # When
    answer = admin_client.get(reverse(f"admin:agents_{page}_changelist"))

    # Then
    assert answer.status_code == 200


def test_admin__block_and_lift__ask_for_a_reason(admin_client: Client) -> None:
    # Given
    say("hello")
    conversation = Conversation.objects.get()
    page = reverse("admin:agents_conversation_change", args=[conversation.pk])
    assert admin_client.get(page).status_code == 200

    # When
    url = reverse("admin:agents_conversation_block_one", args=[conversation.pk])
    form = admin_client.get(url).context["form"]
    key = form["key"].initial
    admin_client.post(url, {"key": key, "span": "day", "reason": ""})
    assert Block.objects.count() == 0
    admin_client.post(url, {"key": key, "span": "day", "reason": "abuse"})

    # Then
    block = Block.objects.get()
    assert block.expires_at is not None
    lift = reverse("admin:agents_block_lift_one", args=[block.pk])
    admin_client.post(lift, {"key": key, "reason": "sorry"})
    block.refresh_from_db()
    assert block.lifted_by == "admin"
