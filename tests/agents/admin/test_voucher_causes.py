"""Each event of a voucher links to the exact message, call, approval and the like."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.admin.voucher_causes import causes
from agents.models import ApiToken, Conversation, Message, PendingAction, ToolCall, Turn
from agents.tools.confirmation import fingerprint
from tests.agents.calls.callers import ring
from tests.backoffice import Records, create_records, signed_in
from vouchers.actors import Actor
from vouchers.models import ApprovalRequest, Batch, Campaign, Voucher, VoucherEvent
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from vouchers.causes import Cause

pytestmark = pytest.mark.django_db
NAMES = {
    "conversation": "agents.view_conversation",
    "call": "agents.view_call",
    "approval": "vouchers.view_voucher",
    "request": "vouchers.view_reversalrequest",
    "token": "agents.view_apitoken",
    "batch": "vouchers.view_batch",
    "campaign": "vouchers.view_campaign",
}


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def event(key: str, **facts: Any) -> VoucherEvent:
    """Return an event with this key, not stored: the causes are read from other rows."""
    known: dict[str, Any] = {
        "pk": uuid.uuid4().int % 10**9,
        "voucher_id": 0,
        "kind": "issued",
        "new_status": "issued",
        "actor_kind": "profile",
        "actor_id": "1",
        "channel": "whatsapp",
        "key": key,
    }
    return VoucherEvent(**known | facts)


def turn_in(chat: Conversation) -> Turn:
    return Turn.objects.create(
        conversation=chat,
        status=Turn.Status.DONE,
        finished_at=timezone.now(),
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now(),
        correlation_id=uuid.uuid4(),
    )


def tool_call(turn: Turn) -> ToolCall:
    return ToolCall.objects.create(turn=turn, ordinal=0, name="create_voucher")


def question(call: ToolCall, chat: Conversation) -> PendingAction:
    return PendingAction.objects.create(
        conversation=chat,
        profile=chat.profile,
        tool_call=call,
        operation="create_voucher",
        arguments={},
        arguments_sha256=fingerprint("create_voucher", {}),
        status=PendingAction.Status.CONFIRMED,
        decided_at=timezone.now(),
        expires_at=timezone.now(),
    )


def said(person: Any, turn: Turn, text: str = "hello") -> Message:
    message: Message = person.writes(text)
    Message.objects.filter(pk=message.pk).update(turn=turn)
    return message


def message_page(message: Message) -> str:
    page = reverse("admin:agents_conversation_change", args=[message.conversation_id])
    return f"{page}?message={message.pk}#message-{message.pk}"


def everything(records: Records) -> dict[str, tuple[VoucherEvent, dict[str, str]]]:
    """Return an event of each kind of cause, and the links that it must have."""
    diane = records.cast.diane
    turn = turn_in(diane.chat)
    tool_call(turn)
    first, last = said(diane, turn), said(diane, turn, "create 5000")
    asking = turn_in(diane.chat)
    action = question(tool_call(asking), diane.chat)
    wish = said(diane, asking)
    press = diane.presses(f"confirm:{action.public_id}")
    phone = ring("+250788100004")
    spoken = Conversation.objects.create(
        profile=diane.profile, channel="voice", phone_number_id="x"
    )
    type(phone).objects.filter(pk=phone.pk).update(conversation=spoken)
    on_phone = tool_call(turn_in(spoken))
    by_key = question(on_phone, spoken)
    token = ApiToken.objects.create(
        name="till", digest=b"x" * 32, scopes=["redeem"], created_by="o"
    )
    campaign = Campaign.objects.create(**campaign_facts())
    batch = Batch.objects.create(
        sha256=b"y" * 32,
        file_name="a.csv",
        count=1,
        currency="RWF",
        total_minor=1,
        needs_approval=False,
        reason="x",
        campaign=campaign,
        state="cancelled",
        ended_at=timezone.now(),
        created_by_name="o",
    )
    request = ApprovalRequest.objects.get(
        pk=issued_by(records, "asked", amount=25_000).pk
    )
    call_page = reverse("admin:agents_call_change", args=[phone.pk])
    assert first.pk < last.pk
    return {
        "plain request in a chat": (
            event(f"turn:{turn.pk}:0"),
            {"conversation": message_page(last)},
        ),
        "confirmed by button": (
            event(f"confirm:{action.public_id}"),
            {"conversation": message_page(wish), "confirmation": message_page(press)},
        ),
        "confirmed on the phone": (
            event(f"confirm:{by_key.public_id}", channel="voice"),
            {"call": f"{call_page}#tool-{on_phone.pk}"},
        ),
        "token": (
            event("api:1:create:ab", actor_kind="token", actor_id=str(token.pk)),
            {"token": reverse("admin:agents_apitoken_change", args=[token.pk])},
        ),
        "spreadsheet": (
            event("batch:ab:1", actor_kind="system", actor_id=f"batch:{batch.pk}"),
            {
                "batch": reverse("admin:vouchers_batch_change", args=[batch.pk]),
                "campaign": reverse(
                    "admin:vouchers_campaign_change", args=[campaign.pk]
                ),
            },
        ),
        "approved": (
            event(
                f"admin:{uuid.uuid4()}",
                voucher_id=request.pk,
                old_status="pending_approval",
            ),
            {"approval": reverse("approval", args=[request.pk])},
        ),
        "gone turn": (event("turn:999999999:0"), {}),
        "other keys": (event("expire:1", actor_kind="system", actor_id="x"), {}),
    }


def campaign_facts() -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "name": "June",
        "currency": "RWF",
        "budget_minor": 1_000,
        "first_day": today,
        "last_day": today,
        "reason": "x",
        "created_by": User.objects.create_user("maker"),
    }


def addresses(cause: Cause) -> list[str]:
    return [link.address for link in cause.links]


def test_causes__each_kind_of_key__links_to_the_exact_place(records: Records) -> None:
    wanted = everything(records)

    found = causes([each for each, _ in wanted.values()], may=lambda _: True)

    shown = {name: addresses(found[each.pk]) for name, (each, _) in wanted.items()}
    assert shown == {name: list(links.values()) for name, (_, links) in wanted.items()}
    assert found[wanted["token"][0].pk].actor == "till"
    how = {name: found[each.pk].how for name, (each, _) in wanted.items()}
    assert {name for name in how if how[name]} == {
        "confirmed by button",
        "confirmed on the phone",
    }


def test_causes__each_permission_missing__hides_exactly_its_links(
    records: Records,
) -> None:
    wanted = everything(records)
    events = [each for each, _ in wanted.values()]
    all_links = {
        link: name for _, links in wanted.values() for name, link in links.items()
    }

    for name, permission in NAMES.items():
        found = causes(events, may=lambda one, no=permission: one != no)
        shown = {link for each in events for link in addresses(found[each.pk])}
        hidden = {all_links[link] for link in set(all_links) - shown}
        also = {"confirmation"} if name == "conversation" else set()
        assert hidden == ({name} | also if name != "request" else set()), name


def test_causes__many_events__as_many_queries_as_for_one(records: Records) -> None:
    events = [each for each, _ in everything(records).values()]

    with CaptureQueriesContext(connection) as many:
        causes(events * 20, may=lambda _: True)

    assert len(many) <= 11


def test_trail__of_a_chat__leads_to_the_message_also_when_it_is_old(
    records: Records,
) -> None:
    # Given: a voucher of a chat, in which a hundred messages followed
    diane = records.cast.diane
    turn = turn_in(diane.chat)
    tool_call(turn)
    message = said(diane, turn, "create 10000 for Aline")
    Message.objects.filter(pk=message.pk).update(
        received_at=timezone.now() - timedelta(days=2)
    )
    voucher = issued_by(records, f"turn:{turn.pk}:0")
    for number in range(101):
        diane.writes(f"later {number}")

    # When
    browser = signed_in("support")
    page = browser.get(reverse("admin:vouchers_voucher_change", args=[voucher.pk]))
    [address] = re.findall(r'href="([^"]*#message-\d+)"', page.content.decode())
    shown = browser.get(address.split("#")[0]).content.decode()

    # Then
    assert address == message_page(message)
    assert f'id="message-{message.pk}"' in shown
    assert "create 10000 for Aline" in shown
    assert "Show the newest messages" in shown
    assert "later 100" not in shown


def test_trail__without_the_right_to_conversations__has_no_link(
    records: Records,
) -> None:
    turn = turn_in(records.cast.diane.chat)
    said(records.cast.diane, turn)
    voucher = issued_by(records, f"turn:{turn.pk}:0")
    accountant = User.objects.create_user("eve", is_staff=True)
    accountant.user_permissions.add(Permission.objects.get(codename="view_voucher"))
    browser = Client()
    browser.force_login(accountant)

    page = browser.get(reverse("admin:vouchers_voucher_change", args=[voucher.pk]))

    assert "Issued by Diane" in page.content.decode()
    assert "#message-" not in page.content.decode()


@pytest.mark.parametrize("wanted", ["", "x", "0", "9" * 40, "-1", "1"])
def test_conversation__of_a_message_that_is_not_there__shows_the_newest(
    records: Records, wanted: str
) -> None:
    chat = records.cast.diane.chat
    records.cast.diane.writes("the newest one")

    page = reverse("admin:agents_conversation_change", args=[chat.pk])
    answer = signed_in("support").get(page, {"message": wanted})

    assert answer.status_code == 200
    assert "the newest one" in answer.content.decode()


def issued_by(records: Records, key: str, *, amount: int = 10_000) -> Voucher:
    return issue_voucher(
        customer=records.cast.aline.profile,
        amount=Money(amount, "RWF"),
        actor=Actor.of_profile(records.cast.diane.profile, channel="whatsapp"),
        key=key,
    ).voucher
