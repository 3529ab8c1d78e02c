"""The inbox page: who sees and does what, and what is asked each second."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.admin import counts
from agents.handoff import inbox_rows
from agents.language.choice import language_of
from agents.models import (
    Conversation,
    HandOff,
    InboxEntry,
    Message,
)
from tests.agents.admin.test_inbox import text_of, waiting_records
from tests.backoffice import Records, signed_in
from vouchers.models import Profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def records(db: None) -> Records:
    return waiting_records()


@pytest.mark.parametrize(
    ("role", "term", "is_found"),
    [
        ("support", "aline", True),
        ("support", "no such name", False),
        ("support", "+250788100001", True),
        ("support", "0788 100 001", True),
        ("viewer", "+250788100001", False),
        ("viewer", "788100001", False),
        ("viewer", "aline", True),
        ("viewer", "reference", True),
    ],
)
def test_search__each_term__finds_what_the_role_may_find(
    records: Records, role: str, term: str, is_found: bool
) -> None:
    # Given
    term = records.issued.voucher.reference.lower() if term == "reference" else term

    # When
    found = text_of(signed_in(role).get(reverse("inbox"), {"q": term}))

    # Then
    assert ("The customer asked for a person." in found) == is_found


def test_news__unknown_number_searched__not_counted_each_second(
    records: Records,
) -> None:
    # Given
    browser, term = signed_in("support"), {"q": "+250788999888"}
    browser.get(reverse("inbox"), term)

    # When
    for _ in range(25):
        answer = browser.get(reverse("inbox-news"), term)

    # Then
    assert "list" not in answer.json()
    page = text_of(browser.get(reverse("inbox"), {"q": "+250788100001"}))
    assert "The customer asked for a person." in page


@pytest.mark.parametrize("shown", ["all", "waiting", "mine"])
def test_filter__each__shows_its_rows_in_order(records: Records, shown: str) -> None:
    # Given: three wait, one of them mine; one was answered
    browser = signed_in("support")
    me = User.objects.get(username="the-support")
    names = ("second", "first", "answered", "mine")
    now = timezone.now()
    InboxEntry.objects.all().delete()
    for minutes, name in enumerate(names):
        person = Profile.objects.create(name=name)
        chat = Conversation.objects.create(profile=person, phone_number_id="1")
        InboxEntry.objects.create(
            conversation=chat,
            waiting_since=None
            if name == "answered"
            else now - timedelta(hours=int(name == "first"), minutes=10 - minutes),
            assignee=me if name == "mine" else None,
            claimed_at=now if name == "mine" else None,
        )

    # When
    page = inbox_rows.entries(shown=shown, user=me)
    found = text_of(browser.get(reverse("inbox"), {"show": shown}))

    # Then
    expected = {
        "all": ["first", "second", "mine", "answered"],
        "waiting": ["first", "second", "mine"],
        "mine": ["mine"],
    }[shown]
    assert [str(row.conversation.profile) for row in page.rows] == expected
    assert found.count("inbox-row ") + found.count('inbox-row"') == len(expected)


def test_filter__language_reason_unread_and_assignee__each_alone_and_together(
    records: Records,
) -> None:
    """Compare each combination with the rows read one by one."""
    # Given: every combination of what the filters look at
    me, now = User.objects.create_user("odette"), timezone.now()
    InboxEntry.objects.all().delete()
    own, profiles, kinds = ("", "rw"), ("", "fr"), ("asked", "capped")
    for chat_in, person_in, kind, mine, is_read in product(
        own, profiles, kinds, (True, False), (True, False)
    ):
        person = Profile.objects.create(name="x", language=person_in)
        chat = Conversation.objects.create(
            profile=person,
            phone_number_id="1",
            language=chat_in,
            last_inbound_at=now,
        )
        HandOff.objects.create(profile=person, conversation=chat, kind=kind, reason="x")
        InboxEntry.objects.filter(pk=chat.pk).update(
            assignee=me if mine else None,
            claimed_at=now if mine else None,
            read_at=now + timedelta(seconds=1) if is_read else None,
        )
    rows = list(InboxEntry.objects.select_related("conversation__profile"))

    def fits(row: InboxEntry, shown: str, language: str, kind: str) -> bool:
        return (
            (shown != "unread" or inbox_rows.is_unread(row))
            and (shown != "mine" or row.assignee_id == me.pk)
            and (shown != "unassigned" or row.assignee_id is None)
            and (not language or language_of(row.conversation) == language)
            and (not kind or row.conversation.hand_offs.filter(kind=kind).exists())
        )

    # When, then
    for shown, language, kind in product(
        ("all", "waiting", "unread", "mine", "unassigned"),
        ("", "en", "fr", "rw", "sw"),
        ("", "asked", "capped", "late"),
    ):
        page = inbox_rows.entries(shown=shown, user=me, language=language, kind=kind)
        expected = {row.pk for row in rows if fits(row, shown, language, kind)}
        assert {row.pk for row in page.rows} == expected, (shown, language, kind)
    assert len(rows) == 32


@pytest.mark.parametrize(
    "query", ["show=x", "language=de", "kind=identity", "kind=%27", "after=x"]
)
def test_filter__unknown_value__as_without_it(records: Records, query: str) -> None:
    page = text_of(signed_in("support").get(f"{reverse('inbox')}?{query}"))
    assert "The customer asked for a person." in page


def fill(count: int) -> None:
    """Add conversations: every third was answered, two wait since the same moment."""
    now = timezone.now()
    for number in range(count):
        person = Profile.objects.create(name=f"Person {number}")
        chat = Conversation.objects.create(profile=person, phone_number_id="1")
        since = now - timedelta(minutes=number // 2) if number % 3 else None
        InboxEntry.objects.create(conversation=chat, waiting_since=since)
        Message.objects.create(
            conversation=chat,
            provider_id_hmac=uuid.uuid4().bytes * 2,
            kind="text",
            text="Hello",
            sent_at=now,
        )


@pytest.mark.parametrize("is_searched", [False, True])
@pytest.mark.parametrize("shown", ["all", "waiting"])
def test_pages__more_rows_than_one_page__each_row_once(
    records: Records, shown: str, is_searched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    fill(23)
    monkeypatch.setattr(inbox_rows, "PAGE", 4)
    user = User.objects.create_user("odette")
    rows = InboxEntry.objects.order_by("waiting_since", "pk")
    if shown == "waiting":
        rows = rows.filter(waiting_since__isnull=False)

    keys = list(InboxEntry.objects.values_list("pk", flat=True))

    # When
    found, after = [], 0
    for _ in range(10):
        page = inbox_rows.entries(
            shown=shown, user=user, after=after, among=keys if is_searched else None
        )
        found += [row.pk for row in page.rows]
        if page.after is None:
            break
        after = page.after

    # Then
    assert found == list(rows.values_list("pk", flat=True))


@pytest.mark.parametrize("path", ["inbox", "inbox-news"])
def test_page__two_or_forty_rows__as_many_queries(records: Records, path: str) -> None:
    # Given
    browser = signed_in("support")
    address = f"{reverse(path)}?c={records.cast.aline.chat.pk}"
    counts = []

    # When
    for more in (2, 40):
        fill(more)
        browser.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(address).status_code == 200
        counts.append(len(queries))

    # Then
    assert counts[0] == counts[1]


def test_badge__some_wait__in_the_menu_of_those_who_see_the_inbox(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    home = reverse("admin:agents_conversation_changelist")
    monkeypatch.setattr(counts, "MOST", 3)

    # When
    one = text_of(signed_in("viewer").get(home))
    fill(9)
    many = text_of(signed_in("support").get(home))

    # Then
    for page, count in ((one, "1"), (many, "2+")):
        badge = page.split("sidebar-badge")[1].split(">")[1].split("<")[0]
        assert badge.strip() == count
