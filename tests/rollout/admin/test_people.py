from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from rollout.announcements import announcements, sending
from rollout.checklists import checklists
from rollout.core import clock
from rollout.core.ports import ports
from rollout.incidents import incidents
from rollout.models import (
    Announcement,
    AnnouncementDelivery,
    ChecklistItem,
    ChecklistTick,
    Contact,
    Incident,
    Notice,
    OnCallShift,
)
from rollout.notices import contacts
from tests.rollout.admin.test_pages import action_of, press
from tests.rollout.announcing import MEMBERS, People, approved, beta

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LISTS = [
    "announcement",
    "announcementdelivery",
    "checklistitem",
    "checklisttick",
    "contact",
    "oncallshift",
]
FOUR = ("customer_impact", "root_cause", "resolution", "prevention")


def another_operator() -> Client:
    user = User.objects.create_user("paula", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    client = Client()
    client.force_login(user)
    return client


def opened() -> Incident:
    return incidents.report_incident(
        title="Calls fail", severity="high", text="Since noon.", by="odette"
    )


def create_records() -> None:
    """Put a row into each of the lists."""
    beta(*MEMBERS)
    row = approved()
    announcements.send(announcement=row, by="odette")
    sending.step(row.pk)
    lead = Contact.objects.get(role="Platform Lead")
    contacts.save_contact(
        contact=lead, role=lead.role, name="Pia", phone="+250788000111"
    )
    now = clock.now()
    contacts.add_shift(
        contact=lead, starts_at=now, ends_at=now + timedelta(hours=1), by="odette"
    )
    item = ChecklistItem.objects.get(key="phase-1-health")
    checklists.tick_line(item=item, by="odette", evidence="200")


@pytest.mark.parametrize("model", LISTS)
def test_list__viewer__sees_rows_and_their_page(
    pascal: Client, people: People, model: str
) -> None:
    # Given
    create_records()
    url = reverse(f"admin:rollout_{model}_changelist")

    # When
    found = pascal.get(url, {"q": "e"})
    rows = pascal.get(url)
    row = rows.context["cl"].queryset.first()
    detail = pascal.get(reverse(f"admin:rollout_{model}_change", args=[row.pk]))

    # Then
    assert (found.status_code, rows.status_code, detail.status_code) == (200, 200, 200)


@pytest.mark.parametrize("model", ["announcementdelivery", "checklistitem", "contact"])
def test_list__rows__bounded_number_of_queries(
    odette: Client,
    people: People,
    model: str,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    create_records()
    url = reverse(f"admin:rollout_{model}_changelist")
    odette.get(url)

    with django_assert_max_num_queries(40):
        assert odette.get(url).status_code == 200


def test_deliveries__many_rows__their_names_are_asked_for_once(
    odette: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    create_records()
    asked: list[list[str]] = []

    def labels(who: list[str]) -> dict[str, str]:
        asked.append(who)
        return {}

    monkeypatch.setattr(ports, "labels", labels)

    # When
    odette.get(reverse("admin:rollout_announcementdelivery_changelist"))

    # Then
    [once] = asked
    assert len(once) == AnnouncementDelivery.objects.count() > 1


def test_contact__changed_verified_and_on_shift__called_with_a_tap(
    odette: Client,
) -> None:
    # Given
    row = Contact.objects.get(role="On-call Engineer")
    asked = {"role": row.role, "name": "Eric", "order": "1", "is_active": "on"}

    # When
    wrong = press(
        odette, action_of("contact", "change_contact", row.pk), **asked, phone="0788"
    )
    press(
        odette,
        action_of("contact", "change_contact", row.pk),
        **asked,
        phone="+250 788 000 222",
    )
    press(odette, action_of("contact", "verify", row.pk))
    press(odette, action_of("contact", "on_shift", row.pk), hours="8")
    page = odette.get(reverse("admin:rollout_contact_changelist")).content.decode()
    shift = OnCallShift.objects.get()
    press(odette, action_of("oncallshift", "end_now", shift.pk))

    # Then
    row.refresh_from_db()
    shift.refresh_from_db()
    assert "Give the number with its country" in wrong.content.decode()
    assert (row.phone, row.verified_at is not None) == ("+250788000222", True)
    assert 'href="tel:+250788000222"' in page
    assert shift.ends_at <= clock.now()


def test_announcement__two_people__drafted_approved_sent(
    odette: Client, people: People
) -> None:
    # Given
    beta(*MEMBERS)
    form = odette.get(action_of("announcement", "new_draft")).content.decode()
    press(
        odette,
        action_of("announcement", "new_draft"),
        audience_and_medium="beta:whatsapp",
        subject="You are in",
        text="Write hello.",
    )
    row = Announcement.objects.get()
    seen = announcements.fingerprint(row)

    # When
    own = press(odette, action_of("announcement", "approve", row.pk), seen=seen)
    paula = another_operator()
    shown = paula.get(action_of("announcement", "approve", row.pk)).content.decode()
    press(paula, action_of("announcement", "approve", row.pk), seen=seen)
    press(paula, action_of("announcement", "send", row.pk))
    twice = press(odette, action_of("announcement", "send", row.pk))
    sending.step(row.pk)

    # Then
    row.refresh_from_db()
    assert "STOP ends our messages" in form
    assert "Write hello." in shown
    assert "cannot approve" in own.content.decode()
    assert "not approved" in twice.content.decode()
    assert (row.approved_by, row.sent_by, row.status) == ("paula", "paula", "sending")
    assert len(people.told) == len(MEMBERS)
    page = odette.get(reverse("admin:rollout_announcement_change", args=[row.pk]))
    assert "5 of 5 told" in page.content.decode()


def test_announcement__rewritten_and_taken_back__only_while_it_may(
    odette: Client,
) -> None:
    row = approved("all", "other")

    refused = press(
        odette, action_of("announcement", "rewrite", row.pk), subject="a", text="b"
    )
    press(odette, action_of("announcement", "take_back", row.pk))
    press(odette, action_of("announcement", "rewrite", row.pk), subject="a", text="b")

    row.refresh_from_db()
    assert "not draft" in refused.content.decode()
    assert (row.subject, row.status, row.drafted_by) == ("a", "draft", "odette")


def test_checklist__ticked__by_whom_and_what_shows_it(odette: Client) -> None:
    item = ChecklistItem.objects.get(key="phase-1-health")

    press(odette, action_of("checklistitem", "tick", item.pk), evidence="curl said 200")
    again = press(odette, action_of("checklistitem", "tick", item.pk), evidence="x")
    page = odette.get(reverse("admin:rollout_checklistitem_changelist"))

    assert "It is already done" in again.content.decode()
    tick = ChecklistTick.objects.get()
    assert (tick.by, tick.evidence) == ("odette", "curl said 200")
    assert "by odette: curl said 200" in page.content.decode()


@pytest.mark.parametrize(
    ("model", "name", "has_row"),
    [
        ("incident", "open_incident", False),
        *(
            ("incident", name, True)
            for name in (
                "take_command",
                "assign",
                "set_severity",
                "write_lessons",
                "add_action",
                "finish_action",
                "close_incident",
            )
        ),
        ("contact", "new_contact", False),
        *(("contact", n, True) for n in ("change_contact", "verify", "on_shift")),
        ("oncallshift", "end_now", True),
        ("announcement", "new_draft", False),
        *(
            ("announcement", name, True)
            for name in ("rewrite", "approve", "take_back", "send")
        ),
        ("checklistitem", "tick", True),
    ],
)
def test_action__viewer__refused(
    pascal: Client, people: People, model: str, name: str, has_row: bool
) -> None:
    # Given
    create_records()
    row = {
        "incident": opened,
        "contact": Contact.objects.first,
        "oncallshift": OnCallShift.objects.first,
        "announcement": Announcement.objects.first,
        "checklistitem": ChecklistItem.objects.first,
    }[model]()
    before = (Notice.objects.count(), AnnouncementDelivery.objects.count())

    # When
    answer = press(pascal, action_of(model, name, *([row.pk] if has_row else [])))

    # Then
    assert answer.status_code == 403
    assert (Notice.objects.count(), AnnouncementDelivery.objects.count()) == before
