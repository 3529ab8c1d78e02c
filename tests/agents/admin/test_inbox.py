"""The inbox page: who sees and does what, and what is asked each second."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.handoff.canned import FIXED
from agents.language.texts import LANGUAGES, TEXTS
from agents.models import (
    ColleagueAct,
    Conversation,
    HandOff,
    InboxEntry,
    OutboundMessage,
)
from tests.backoffice import HOSTILE, Records, create_records, signed_in

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
ACTIONS = ("answer", "note", "claim", "release", "hand_back")


@pytest.fixture
def records(db: None) -> Records:
    return waiting_records()


def waiting_records() -> Records:
    """Return records in which Aline waits for an answer."""
    made = create_records()
    since = timezone.now() - timedelta(minutes=10)
    InboxEntry.objects.update(waiting_since=since)
    return made


def chosen(records: Records) -> str:
    return f"{reverse('inbox')}?c={records.cast.aline.chat.pk}"


def news(records: Records) -> str:
    return f"{reverse('inbox-news')}?c={records.cast.aline.chat.pk}"


def press(browser: Client, records: Records, action: str, **given: Any) -> Any:
    facts = {"action": action, "key": uuid.uuid4(), "text": "Come at nine."} | given
    return browser.post(chosen(records), facts)


def state() -> tuple[Any, ...]:
    return (
        list(InboxEntry.objects.values("pk", "assignee", "waiting_since")),
        list(Conversation.objects.order_by("pk").values()),
        list(OutboundMessage.objects.order_by("pk").values()),
        list(HandOff.objects.order_by("pk").values()),
        ColleagueAct.objects.count(),
    )


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def claimed_by(name: str) -> User:
    user = User.objects.get_or_create(username=name)[0]
    InboxEntry.objects.update(assignee=user, claimed_at=timezone.now())
    return user


@pytest.mark.parametrize("role", ["viewer", "support", "operator", "superuser"])
def test_page__each_role__sees_the_thread_and_the_list(
    records: Records, role: str
) -> None:
    # When
    found = text_of(signed_in(role).get(chosen(records)))

    # Then
    assert "The customer asked for a person." in found
    assert "list_vouchers" in found
    assert records.issued.voucher.reference in found
    assert ("+250788100001" in found) == (role != "viewer")
    assert ("inbox-composer" in found) == (role != "viewer")
    assert HOSTILE not in found


def test_page__no_account_or_no_right__refused(records: Records) -> None:
    # Given
    other = Client()
    other.force_login(User.objects.create_user("guest", is_staff=True))

    # When, then
    for path in (chosen(records), news(records)):
        assert Client().get(path).status_code == 302
        assert other.get(path).status_code == 403


@pytest.mark.parametrize("action", ACTIONS)
def test_action__viewer__refused(records: Records, action: str) -> None:
    # Given
    before = state()

    # When
    answer = press(signed_in("viewer"), records, action)

    # Then
    assert answer.status_code == 403
    assert state() == before


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ["support", "operator"])
def test_action__those_who_help__done(records: Records, role: str, action: str) -> None:
    # Given
    browser, before = signed_in(role), state()
    if action == "release":
        claimed_by(f"the-{role}")
        before = state()

    # When
    answer = press(browser, records, action)

    # Then
    assert (answer.status_code, answer.url) == (302, chosen(records))
    assert state() != before


@pytest.mark.parametrize("action", ["answer", "hand_back"])
def test_action__claimed_by_another__asked_and_the_text_kept(
    records: Records, action: str
) -> None:
    # Given
    claimed_by("odette")
    browser, before = signed_in("support"), state()

    # When
    asked = text_of(press(browser, records, action, text="My own words"))

    # Then
    assert state() == before
    assert "odette has claimed this conversation" in asked
    assert 'name="is_confirmed"' in asked
    assert "My own words" in asked
    assert press(browser, records, action, is_confirmed="on").status_code == 302
    assert state() != before


def test_claim__of_another__refused_then_taken_over(records: Records) -> None:
    # Given
    odette = claimed_by("odette")
    browser = signed_in("support")

    # When
    refused = text_of(press(browser, records, "claim"))

    # Then
    assert "odette has claimed" in refused
    assert "Take over from odette" in refused
    press(browser, records, "claim", instead_of=odette.pk)
    assert InboxEntry.objects.get().assignee.username == "the-support"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"window_closes_at": None}, "24-hour window is closed"),
        ({"stopped_at": timezone.now()}, "sent STOP"),
    ],
)
def test_answer__not_possible__says_why_and_writes_nothing(
    records: Records, given: dict[str, Any], sentence: str
) -> None:
    # Given
    Conversation.objects.update(**given)
    before = state()

    # When
    answer = text_of(press(signed_in("support"), records, "answer"))

    # Then
    assert sentence in answer
    assert state() == before


@pytest.mark.parametrize(
    "query", ["?c=x", "?c=", "?c=999999999", f"?c={'9' * 30}", "?c=-1"]
)
def test_page__no_such_conversation__not_found(records: Records, query: str) -> None:
    browser = signed_in("support")
    assert browser.get(reverse("inbox") + query).status_code == 404
    assert browser.get(reverse("inbox-news") + query).status_code == 404


@pytest.mark.parametrize(
    "given", [{"action": "delete"}, {"key": "x"}, {"instead_of": "x"}]
)
def test_action__strange_order__not_found(
    records: Records, given: dict[str, str]
) -> None:
    before = state()
    answer = press(signed_in("support"), records, given.pop("action", "claim"), **given)
    assert answer.status_code == 404
    assert state() == before


def test_news__nothing_new__not_modified(records: Records) -> None:
    # Given
    browser = signed_in("support")
    browser.get(chosen(records))

    # When: the minutes of waiting may change once between two questions
    for _ in range(3):
        etag = browser.get(news(records)).headers["ETag"]
        answer = browser.get(news(records), headers={"If-None-Match": etag})
        if answer.status_code == 304:
            break

    # Then
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("what", ["message", "status", "note", "claim", "other"])
def test_news__something_new__sent_with_it(records: Records, what: str) -> None:
    # Given
    browser = signed_in("support")
    browser.get(chosen(records))
    etag = browser.get(news(records)).headers["ETag"]

    # When
    if what == "message":
        records.cast.aline.writes("Are you there?")
    elif what == "status":
        OutboundMessage.objects.update(state="read")
    elif what == "note":
        press(browser, records, "note", text="Call back.")
    elif what == "claim":
        claimed_by("odette")
    else:
        HandOff.objects.create(
            kind=HandOff.Kind.ASKED,
            profile=records.cast.bosco.profile,
            conversation=records.cast.bosco.chat,
            reason="Bosco asked.",
        )
    answer = browser.get(news(records), headers={"If-None-Match": etag})

    # Then
    assert answer.status_code == 200
    parts = answer.json()
    expected = {
        "message": (parts["thread"], "Are you there?"),
        "status": (parts["thread"], "read"),
        "note": (parts["thread"], "Call back."),
        "claim": (parts["head"], "claimed by odette"),
        "other": (parts["list"], "Bosco asked."),
    }
    assert expected[what][1] in expected[what][0]
    assert parts["waiting"] == 1 + (what == "other")


def test_read__opened_by_support__no_longer_new(records: Records) -> None:
    # Given
    Conversation.objects.update(last_inbound_at=timezone.now())
    inbox_page = reverse("inbox")
    mark = 'class="unread"'
    viewer, support = signed_in("viewer"), signed_in("support")

    # When, then: a viewer who looks is no answer
    viewer.get(chosen(records))
    assert mark in text_of(support.get(inbox_page))
    support.get(chosen(records))
    assert mark not in text_of(support.get(inbox_page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_canned__each_text_and_language__put_into_the_composer(
    records: Records, language: str
) -> None:
    # Given
    Conversation.objects.update(language=language)
    browser = signed_in("support")
    keys = list(FIXED)

    # When, then
    assert len(keys) == 5
    for key in keys:
        page = browser.get(
            chosen(records), {"c": records.cast.aline.chat.pk, "canned": key}
        )
        composer = page.context["text"]
        assert composer == TEXTS[language][f"canned.{key}"]
        assert len(composer) > 20


@pytest.mark.parametrize("action", ["answer", "pause"])
def test_action_page__claimed_by_another__says_so_first(
    records: Records, action: str
) -> None:
    # Given
    claimed_by("odette")
    name = f"admin:agents_conversation_{action}_one"

    # When
    page = text_of(
        signed_in("support").get(reverse(name, args=[records.cast.aline.chat.pk]))
    )

    # Then
    assert "odette has claimed this conversation" in page
