"""What colleagues press: who may, what is asked, and that it happens once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.models import ColleagueAct, Conversation, HandOff, OutboundMessage
from tests.backoffice import HOSTILE, Records, create_records, signed_in

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

ACTIONS = ("answer", "pause", "resume", "close", "send_again", "give_up")
BAD_REASONS = ["", "   ", "x" * 501, "a\x07b", "a\u202eb"]


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


def address(records: Records, action: str) -> str:
    if action in {"send_again", "give_up"}:
        name = f"admin:agents_outboundmessage_{action}_one"
        return reverse(name, args=[records.failed.pk])
    return reverse(f"admin:agents_handoff_{action}_one", args=[records.hand_off.pk])


def press(browser: Client, records: Records, action: str, **given: Any) -> Any:
    facts = {
        "key": uuid.uuid4(),
        "reason": "the customer asked",
        "text": "Come at nine.",
    }
    return browser.post(address(records, action), facts | given)


def prepare(action: str) -> None:
    if action == "resume":
        Conversation.objects.update(paused_at=timezone.now())


def state() -> tuple[Any, ...]:
    return (
        list(Conversation.objects.order_by("pk").values()),
        list(OutboundMessage.objects.order_by("pk").values()),
        list(HandOff.objects.order_by("pk").values()),
        ColleagueAct.objects.count(),
    )


@pytest.mark.parametrize("role", ["operator", "support"])
@pytest.mark.parametrize("action", ACTIONS)
def test_action__those_who_help__do_it_once(
    records: Records, role: str, action: str
) -> None:
    # Given
    prepare(action)
    browser, key = signed_in(role), uuid.uuid4()
    before, acts = state(), ColleagueAct.objects.count()

    # When
    asked = browser.get(address(records, action))
    first = press(browser, records, action, key=key)
    after = state()
    press(browser, records, action, key=key)

    # Then
    assert (asked.status_code, first.status_code) == (200, 302)
    assert after != before
    if action != "close":
        act = ColleagueAct.objects.latest("id")
        assert (act.actor, act.reason) == (f"the-{role}", "the customer asked")
        assert ColleagueAct.objects.count() == acts + 1
    assert state()[1:] == after[1:]


@pytest.mark.parametrize("action", ACTIONS)
def test_action__viewer__refused_and_not_offered(records: Records, action: str) -> None:
    # Given
    prepare(action)
    browser, before = signed_in("viewer"), state()

    # When
    asked = browser.get(address(records, action))
    done = press(browser, records, action)
    page = browser.get(address(records, action).split(f"/{action}")[0] + "/change/")

    # Then
    assert (asked.status_code, done.status_code) == (403, 403)
    assert address(records, action) not in page.content.decode()
    assert state() == before


@pytest.mark.parametrize("reason", BAD_REASONS, ids=range(len(BAD_REASONS)))
@pytest.mark.parametrize("action", ACTIONS)
def test_action__reason_that_is_none__asked_again_and_nothing_done(
    records: Records, action: str, reason: str
) -> None:
    # Given
    prepare(action)
    before = state()

    # When
    answer = press(signed_in("support"), records, action, reason=reason)

    # Then
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert state() == before


def test_answer__window_closed__says_so_and_writes_nothing(records: Records) -> None:
    # Given
    Conversation.objects.update(window_closes_at=None)
    before = state()

    # When
    page = press(signed_in("support"), records, "answer")

    # Then
    assert "24-hour window is closed" in page.content.decode()
    assert state() == before


def test_send_again__hopeless__says_why_and_sends_nothing(records: Records) -> None:
    # Given
    OutboundMessage.objects.update(error_code="131050")
    before = state()

    # When
    page = press(signed_in("support"), records, "send_again")

    # Then
    assert "does not want such messages" in page.content.decode()
    assert state() == before


def test_send_again__failed__queued_as_new(records: Records) -> None:
    # When
    press(signed_in("operator"), records, "send_again")

    # Then
    message = OutboundMessage.objects.get(pk=records.failed.pk)
    assert (message.state, message.attempts, message.error_code) == ("queued", 0, "")


def test_thread__hostile_words__are_inert(records: Records) -> None:
    # Given
    records.cast.aline.writes(HOSTILE)
    records.cast.aline.profile.name = HOSTILE
    records.cast.aline.profile.save()
    ColleagueAct.objects.create(
        conversation=records.cast.aline.chat,
        kind="paused",
        actor="odette",
        reason=HOSTILE,
    )

    # When
    pages = [
        reverse("admin:agents_conversation_change", args=[records.cast.aline.chat.pk]),
        reverse("admin:agents_conversation_changelist"),
        reverse("admin:agents_handoff_changelist"),
        reverse("admin:agents_outboundmessage_changelist"),
        address(records, "answer"),
    ]
    browser = signed_in("superuser")
    shown = [browser.get(page).content.decode() for page in pages]

    # Then
    for page in shown:
        assert "<img src=x" not in page
    # What the person wrote is shown as written; the name only as letters.
    assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in shown[0]
