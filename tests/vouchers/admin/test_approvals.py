"""The approvals: what an approver reads, who decides, and what both sides are told."""

from __future__ import annotations

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

from agents.models import Conversation, InboxEntry, Message, OutboundMessage, Turn
from agents.notifications import voucher_events
from agents.operations import waiting_decisions
from rollout.models import Notice
from tests import payloads
from tests.backoffice import HOSTILE, Records, create_records, signed_in
from tests.vouchers.database_clock import database_clock
from vouchers import approvals
from vouchers.actors import Actor
from vouchers.models import Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher
from vouchers.services.periodic import expire_requests

if TYPE_CHECKING:
    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db
LIST = "approvals"


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def address(voucher: Voucher) -> str:
    return reverse("approval", args=[voucher.pk])


def press(browser: Client, voucher: Voucher, action: str, **given: Any) -> Any:
    facts = {"action": action, "key": uuid.uuid4(), "reason": "Checked by phone."}
    return browser.post(address(voucher), facts | given, follow=True)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def asked_in_chat(cast: Cast, words: str) -> Voucher:
    """Let Diane ask for a voucher in a turn of their own."""
    turn = Turn.objects.create(
        conversation=cast.diane.chat,
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now(),
        correlation_id=uuid.uuid4(),
    )
    said = cast.diane.writes(words)
    Message.objects.filter(pk=said.pk).update(turn=turn)
    return issue_voucher(
        customer=cast.aline.profile,
        amount=Money(25_000, "RWF"),
        actor=Actor.of_profile(cast.diane.profile, channel="whatsapp"),
        key=f"turn:{turn.pk}:0",
    ).voucher


def test_request__asked_in_a_chat__words_limits_history_and_link(
    records: Records,
) -> None:
    # Given
    voucher = asked_in_chat(records.cast, f"25000 for Aline {HOSTILE}")

    # When
    found = text_of(signed_in("operator").get(address(voucher)))

    # Then
    for words in (
        "RWF 25,000",
        "25000 for Aline &lt;img",
        "Diane (staff",
        "The requester issued RWF 65,000 of RWF 500,000 today",
        "The customer received RWF 65,000 of RWF 100,000 today",
        "1 issued (RWF 10,000)",
        reverse("admin:agents_conversation_change", args=[records.cast.diane.chat.pk]),
    ):
        assert words in found
    assert HOSTILE not in found


def test_request__right_to_vouchers_only__without_the_words(records: Records) -> None:
    # Given
    voucher = asked_in_chat(records.cast, "25000 for Aline")
    accountant = User.objects.create_user("eve", is_staff=True)
    accountant.user_permissions.add(Permission.objects.get(codename="view_voucher"))
    browser = Client()
    browser.force_login(accountant)

    # When
    found = text_of(browser.get(address(voucher)))

    # Then
    assert "RWF 25,000" in found
    assert "25000 for Aline" not in found
    chat = records.cast.diane.chat.pk
    assert reverse("admin:agents_conversation_change", args=[chat]) not in found


@pytest.mark.parametrize("action", ["approve", "decline"])
@pytest.mark.parametrize("role", ["viewer", "support", "operator"])
def test_decision__each_role__only_who_may(
    records: Records, role: str, action: str
) -> None:
    # Given
    browser, voucher = signed_in(role), records.requested
    shown = text_of(browser.get(address(voucher)))
    listed = text_of(browser.get(reverse(LIST)))

    # When
    answer = press(browser, voucher, action)

    # Then
    voucher.refresh_from_db()
    assert voucher.reference in listed
    assert (">Approve<" in shown) == (role == "operator")
    if role != "operator":
        assert (answer.status_code, voucher.status) == (403, "pending_approval")
        return
    assert voucher.status == {"approve": "issued", "decline": "void"}[action]
    assert approvals.open_requests().count() == 0
    ended = text_of(browser.get(address(voucher)))
    assert "by the-operator" in ended
    assert "Checked by phone." in ended
    assert ">Approve<" not in ended


@pytest.mark.parametrize("case", ["own", "ended", "off", "no reason"])
def test_approve__not_possible__says_why_and_changes_nothing(
    records: Records, case: str, settings: Any
) -> None:
    # Given
    browser, voucher = signed_in("operator"), records.requested
    at, given, sentence = timezone.now(), {}, "a second person must approve"
    if case == "own":
        me = User.objects.get(username="the-operator")
        voucher = issue_voucher(
            customer=records.cast.aline.profile,
            amount=Money(25_000, "RWF"),
            actor=Actor.of_user(me),
            key="own",
        ).voucher
    elif case == "ended":
        at, sentence = (
            at + timedelta(hours=25),
            "the time to approve this request is over",
        )
    elif case == "off":
        settings.VOUCHER_GUARD = "tests.vouchers.guards.closed"
        sentence = "switched off"
    else:
        given, sentence = {"reason": " "}, "this field is required"

    # When
    with database_clock(at):
        if case == "ended":
            # The session is over, too.
            browser.force_login(User.objects.get(username="the-operator"))
        shown = text_of(browser.get(address(voucher))).lower()
        answer = text_of(press(browser, voucher, "approve", **given)).lower()

    # Then
    voucher.refresh_from_db()
    assert voucher.status == "pending_approval"
    assert sentence in answer
    assert (sentence in shown) == (case != "no reason")


@pytest.mark.parametrize("asks", ["staff", "account"])
@pytest.mark.parametrize("ends", ["approve", "decline", "by itself"])
def test_both_sides__each_end__told_once(
    records: Records, ends: str, asks: str, settings: Any
) -> None:
    # Given: the one who asks is reached on WhatsApp, also from the back office
    settings.WA_PHONE_ID = payloads.PHONE_NUMBER_ID
    cast, voucher = records.cast, records.requested
    Conversation.objects.update(window_closes_at=timezone.now() + timedelta(days=9))
    if asks == "account":
        odette = User.objects.create_user("odette")
        Profile.objects.filter(pk=cast.diane.profile.pk).update(user=odette)
        voucher = issue_voucher(
            customer=cast.aline.profile,
            amount=Money(25_000, "RWF"),
            actor=Actor.of_user(odette),
            key="account",
        ).voucher

    # When
    waiting_decisions.notify()
    if ends == "by itself":
        with database_clock(timezone.now() + timedelta(hours=25)):
            expire_requests()
    else:
        press(signed_in("operator"), voucher, ends)
    for _ in range(2):
        voucher_events.announce()
        waiting_decisions.notify()

    # Then
    own = OutboundMessage.objects.filter(
        conversation=cast.diane.chat, body__contains=voucher.reference
    )
    word = {"approve": "approved", "decline": "Checked", "by itself": "in time"}[ends]
    assert [word in each.body for each in own] == [True]
    told = Notice.objects.filter(text__contains=voucher.reference)
    assert told.filter(text__contains=address(voucher)).count() == told.count()
    assert told.count() == 1 + (ends == "by itself")


def test_lists__two_or_twenty_requests__as_many_queries(records: Records) -> None:
    # Given
    browser, counts = signed_in("operator"), []
    for more in (1, 20):
        for number in range(more):
            person = Profile.objects.create(name=f"Person {more} {number}")
            issue_voucher(
                customer=person,
                amount=Money(25_000, "RWF"),
                actor=Actor.system("t"),
                key=f"{more}:{number}",
            )
        browser.get(reverse(LIST))
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert approvals.waiting_count() == 22


@pytest.mark.parametrize("role", ["viewer", "support", "operator"])
def test_waiting__each_role__counts_of_what_it_does(
    records: Records, role: str
) -> None:
    InboxEntry.objects.update(waiting_since=timezone.now())
    found = signed_in(role).get(reverse("waiting")).json()
    assert {name: each["count"] for name, each in found.items()} == {
        "viewer": {},
        "support": {"inbox": 1},
        "operator": {"inbox": 1, "approvals": 1},
    }[role]


def test_pages__no_right__refused(records: Records) -> None:
    other = Client()
    other.force_login(User.objects.create_user("guest", is_staff=True))
    for path in (reverse(LIST), address(records.requested)):
        assert Client().get(path).status_code == 302
        assert other.get(path).status_code == 403
