"""Ten thousand conversations wait; the inbox reads no more rows for that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from agents.handoff import inbox_rows
from agents.models import InboxEntry
from tests.growth.reading import MOST, assert_reads_little
from vouchers.models import Profile

pytestmark = pytest.mark.usefixtures("grown")
OPEN = 10_000


@pytest.fixture
def support(grown: None) -> Client:
    """Return a browser of support; every second conversation waits or was answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO agents_inboxentry (conversation_id, waiting_since)"
            " SELECT id, CASE WHEN id %% 4 > 0 THEN last_inbound_at END"
            " FROM agents_conversation ORDER BY id LIMIT %s",
            [OPEN],
        )
        cursor.execute(
            "INSERT INTO agents_handoff (kind, profile_id, conversation_id, reason,"
            " opened_at, closed_by, resolution)"
            " SELECT CASE WHEN c.id % 97 = 0 THEN 'capped' ELSE 'asked' END,"
            " c.profile_id, c.id, 'Asked.', c.last_inbound_at, '', ''"
            " FROM agents_inboxentry e JOIN agents_conversation c"
            " ON c.id = e.conversation_id ON CONFLICT DO NOTHING"
        )
        cursor.execute("ANALYZE agents_inboxentry, agents_handoff")
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
