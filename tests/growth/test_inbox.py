"""Ten thousand conversations wait; the inbox reads no more rows for that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.handoff import inbox_rows
from agents.models import InboxEntry
from tests.growth.reading import MOST, assert_reads_little
from tests.growth.seeding import open_conversations
from tests.vouchers.tampering import unguarded
from vouchers.models import Profile

pytestmark = pytest.mark.usefixtures("grown")
OPEN = 10_000


@pytest.fixture
def support(grown: None) -> Client:
    """Return a browser of support; every second conversation waits or was answered."""
    with connection.cursor() as cursor:
        open_conversations(cursor, OPEN)
    user = User.objects.create_user("odette", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client = Client()
    client.force_login(user)
    return client


def addresses() -> dict[str, dict[str, Any]]:
    rows = InboxEntry.objects.order_by("waiting_since", "pk")
    middle, late = rows[OPEN // 2].pk, rows[OPEN - 10].pk
    number = Profile.objects.get(pk=1_000_000 + OPEN).msisdn
    return {
        "all": {},
        "waiting": {"show": "waiting"},
        "mine": {"show": "mine"},
        "from the middle": {"after": middle},
        "from the end": {"after": late},
        "unread": {"show": "unread"},
        "unassigned": {"show": "unassigned"},
        "language": {"language": "rw"},
        "default language": {"language": "en"},
        "a rare reason": {"kind": "capped"},
        "the usual reason": {"kind": "asked"},
        "all filters": {"show": "unread", "language": "sw", "kind": "asked"},
        "chosen": {"c": middle},
        "name": {"q": "Number999"},
        "no such name": {"q": "no such name"},
        "number": {"q": number},
        "reference": {"q": "SEED9999"},
    }


@pytest.mark.parametrize("name", ["inbox", "inbox-news"])
def test_page__ten_thousand_open__reads_little(support: Client, name: str) -> None:
    for what, query in addresses().items():
        # A filter may read the entries once, never the tables of all conversations.
        most = 2 * OPEN if {"kind", "language", "show"} & query.keys() else MOST
        answer = assert_reads_little(
            lambda query=query: support.get(reverse(name), query), most
        )
        assert answer.status_code == 200, what


def test_count__ten_thousand_open__reads_little_and_ends(support: Client) -> None:
    assert assert_reads_little(inbox_rows.waiting_count) == inbox_rows.MOST_COUNTED


def test_first__ten_thousand_open__the_longest_waiting_first(support: Client) -> None:
    user = User.objects.get(username="odette")
    shown = inbox_rows.entries(user=user)
    expected = InboxEntry.objects.filter(waiting_since__isnull=False)
    first = expected.order_by("waiting_since").values_list("pk", flat=True)
    assert [row.pk for row in shown.rows] == list(first[: inbox_rows.PAGE])


def test_open__a_long_thread__reads_little_by_the_same_statements(
    support: Client,
) -> None:
    # Given: one conversation has the rows of four hundred
    keys = list(InboxEntry.objects.order_by("pk").values_list("pk", flat=True)[:2])
    long, short = keys
    tables = ("agents_message", "agents_turn", "agents_outboundmessage")
    with unguarded(*tables), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"UPDATE {table} SET conversation_id = %s WHERE id IN (SELECT id FROM"
                f" {table} WHERE conversation_id <> %s ORDER BY id LIMIT 400)",
                [long, short],
            )

    # When
    asked = {}
    for name in ("inbox", "inbox-news"):
        for pk in (long, short):
            with CaptureQueriesContext(connection) as each:
                assert support.get(reverse(name), {"c": pk}).status_code == 200
            asked[name, pk] = len(each)
            assert_reads_little(
                lambda name=name, pk=pk: support.get(reverse(name), {"c": pk})
            )
    unchanged = support.get(reverse("inbox-news"), {"c": long})
    tag = {"If-None-Match": unchanged.headers["ETag"]}
    with CaptureQueriesContext(connection) as poll:
        again = support.get(reverse("inbox-news"), {"c": long}, headers=tag)

    # Then: the calls of tools are one query, for any number of turns
    assert asked["inbox", long] == asked["inbox", short] <= 25
    assert asked["inbox-news", long] == asked["inbox-news", short] <= 25
    assert (again.status_code, len(poll) <= 12) == (304, True)
