from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from agents.inbound import process_events
from agents.language.texts import render
from agents.models import Conversation, Media, Message, OutboundMessage, SeenMessage
from tests import payloads
from tests.agents.channel import jobs, store
from vouchers.codes import new_code
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

ALINE = "+250788123456"
BOSCO = "+250788654321"
BSUID = "RW.13491208655302741918"
State = Message.State


@pytest.fixture(autouse=True)
def _chat(switch: Callable[..., None]) -> None:
    switch(chat=True)


@pytest.mark.parametrize("kind", ["reaction", "sticker", "edit", "revoke"])
def test_process_stored_events__silent_kind__stored_without_a_turn(kind: str) -> None:
    # When
    store(payloads.message(kind, {"message_id": "wamid.0", "emoji": "x"}))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get().state == State.SILENT
    assert jobs("agents.tasks.turn") == []
    assert not OutboundMessage.objects.exists()


def test_process_stored_events__unsupported_three_times__one_notice_a_day_and_no_turn() -> (
    None
):
    # When
    for _ in range(3):
        store(payloads.message("unsupported", {"type": "poll_creation"}))
    process_events.process_stored_events()

    # Then
    assert Message.objects.filter(state=State.SILENT).count() == 3
    assert OutboundMessage.objects.get().body == render("kind.unsupported", "en")
    assert jobs("agents.tasks.turn") == []


def test_process_stored_events__unsupported_after_stop__no_notice() -> None:
    # Given
    store(payloads.text("hello"))
    process_events.process_stored_events()
    store(payloads.text("STOP"))
    process_events.process_stored_events()
    before = OutboundMessage.objects.count()

    # When
    store(payloads.message("unsupported", {"type": "pin"}))
    process_events.process_stored_events()

    # Then
    assert OutboundMessage.objects.count() == before


def test_process_stored_events__edit_before_the_turn__text_changed() -> None:
    # Given
    first = payloads.text("create 10000")
    store(first)
    process_events.process_stored_events()

    # When
    changed = {"type": "text", "text": {"body": "create 1000"}}
    edit = {"original_message_id": first["id"], "message": changed}
    store(payloads.message("edit", edit))
    process_events.process_stored_events()

    # Then
    message = Message.objects.get(kind="text")
    assert (message.text, message.state) == ("create 1000", State.WAITING)
    assert message.edited_at is not None


def test_process_stored_events__edit_after_the_turn__only_a_notice() -> None:
    # Given
    first = payloads.text("create 10000")
    store(first)
    process_events.process_stored_events()
    Message.objects.update(state=State.DONE)

    # When
    changed = {"type": "text", "text": {"body": "create 1000"}}
    edit = {"original_message_id": first["id"], "message": changed}
    store(payloads.message("edit", edit))
    process_events.process_stored_events()

    # Then
    assert Message.objects.get(kind="text").text == "create 10000"
    assert OutboundMessage.objects.get().body == render("kind.edited", "en")


@pytest.mark.parametrize("kind", ["edit", "revoke"])
def test_process_stored_events__edit_by_another_customer__ignored(kind: str) -> None:
    # Given
    first = payloads.text("mine")
    store(first)
    process_events.process_stored_events()

    # When
    changed = {"type": "text", "text": {"body": "yours"}}
    about = {"original_message_id": first["id"], "message": changed}
    store(payloads.message(kind, about, sender=BOSCO))
    process_events.process_stored_events()

    # Then
    message = Message.objects.get(kind="text")
    assert (message.text, message.state) == ("mine", State.WAITING)
    assert (message.edited_at, message.revoked_at) == (None, None)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_process_stored_events__revoked_before_its_turn__never_read_in_either_order(
    order: tuple[int, int],
) -> None:
    # Given
    first = payloads.text(f"my code {new_code().digits}")
    revoke = payloads.message("revoke", {"original_message_id": first["id"]})

    # When
    for place in order:
        store((first, revoke)[place])
        process_events.process_stored_events()

    # Then
    message = Message.objects.get(kind="text")
    assert (message.text, message.state) == ("", State.SILENT)
    assert message.codes_sealed is None


def test_process_stored_events__code_in_a_form__not_stored() -> None:
    # Given
    code = new_code().digits

    # When
    form = {"nfm_reply": {"body": "Sent", "response_json": f'{{"code": "{code}"}}'}}
    store(payloads.message("interactive", form))
    process_events.process_stored_events()

    # Then
    assert code not in str(Message.objects.get().detail)


def test_process_stored_events__contact_request_answered__number_bound_to_the_user_id() -> (
    None
):
    # When
    card = {"origin": "contact_request", "phones": [{"wa_id": "250788123456"}]}
    store(payloads.message("contacts", [card], sender="", bsuid=BSUID))
    process_events.process_stored_events()

    # Then
    assert Profile.objects.get().msisdn == ALINE
    assert Message.objects.get().detail["is_number_learned"] is True


def test_process_stored_events__forwarded_card__binds_nothing() -> None:
    # When
    card = {"origin": "other", "phones": [{"wa_id": "250788123456"}]}
    store(payloads.message("contacts", [card], sender="", bsuid=BSUID))
    process_events.process_stored_events()

    # Then
    assert Profile.objects.get().msisdn is None


def test_process_stored_events__number_and_user_id_in_turn__one_conversation() -> None:
    # When
    store(payloads.text("one", sender=ALINE))
    store(payloads.text("two", sender=ALINE, bsuid=BSUID))
    store(payloads.text("three", sender="", bsuid=BSUID))
    process_events.process_stored_events()

    # Then
    assert Conversation.objects.get().messages.count() == 3


def test_process_stored_events__media_with_a_token__awaited_and_no_more_than_fifty_a_day(
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.WA_TOKEN = "token"

    # When
    for number in range(52):
        store(payloads.message("image", {"id": str(100 + number)}))
        process_events.process_stored_events()
        Message.objects.update(state=State.DONE)

    # Then
    assert Media.objects.filter(state="waiting").count() == 50
    assert Media.objects.filter(state="skipped", error_code="too_many").count() == 2
    assert len(jobs("agents.tasks.fetch_media")) == 50


@pytest.mark.django_db(transaction=True)
def test_process_stored_events__every_kind_replayed_in_parallel__each_once(
    committed_db: str, switch: Callable[..., None]
) -> None:
    # Given
    switch(chat=True)
    items = [
        payloads.message(kind, {"body": "x", "id": "1", "type": "poll"})
        for kind in ("text", "image", "audio", "location", "sticker", "unsupported")
    ]
    for _ in range(4):
        store(*items)

    def work(_: int) -> int:
        try:
            return process_events.process_stored_events()
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    process_events.process_stored_events()

    # Then
    assert SeenMessage.objects.count() == len(items)
    assert Message.objects.count() == len(items)
    assert OutboundMessage.objects.count() == 1
