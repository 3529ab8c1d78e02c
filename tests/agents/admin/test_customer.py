"""The page of one person: every part of it, bounded, for those who may read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.admin.customer import PAGE, PARTS
from agents.identity import blocks, consent
from agents.models import ColleagueAct, ConsentEvent, Identity
from tests.backoffice import HOSTILE, Records, create_records, signed_in
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
MANY = 2 * PAGE + 3


@pytest.fixture
def records(db: None) -> Records:
    return create_records()


@pytest.fixture
def aline(records: Records) -> Profile:
    return records.cast.aline.profile


def url_of(person: Profile) -> str:
    return reverse("customer", args=[person.pk])


def vouchers(records: Records, number: int) -> None:
    issue_voucher(
        customer=records.cast.aline.profile,
        amount=Money(1, "RWF"),
        actor=Actor.of_profile(records.cast.diane.profile, channel="whatsapp"),
        key=f"many:{number}",
    )


def notes(records: Records, number: int) -> None:
    ColleagueAct.objects.create(
        conversation=records.cast.aline.chat,
        kind=ColleagueAct.Kind.NOTED,
        actor="odette",
        reason=f"note {number}",
    )


def consents(records: Records, number: int) -> None:
    ConsentEvent.objects.create(
        profile=records.cast.aline.profile,
        kind="stop" if number % 2 else "start",
        source="words",
        cause=f"message:{number}",
    )


def identities(records: Records, number: int) -> None:
    Identity.objects.create(
        kind="left", value=f"+2507889{number:05d}", profile=records.cast.aline.profile
    )


def changes(records: Records, number: int) -> None:
    Profile.objects.filter(pk=records.cast.aline.profile.pk).update(
        name=f"Aline {chr(97 + number)}"
    )


GROWING: dict[str, Callable[[Records, int], None]] = {
    "vouchers": vouchers,
    "notes": notes,
    "consent": consents,
    "identities": identities,
    "changes": changes,
}


def part_of(page: str, name: str) -> tuple[list[str], str]:
    """Return the rows of a part and the link to older ones."""
    [section] = re.findall(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    older = re.search(r'href="(\?[^"#]*)#[a-z]+">Older', section)
    rows = re.findall(r"<li>(.*?)</li>", section, re.DOTALL)
    return rows, older[1].replace("&amp;", "&") if older else ""


@pytest.mark.parametrize("name", GROWING)
def test_customer__many_rows__pages_of_ten_show_each_once_with_the_same_queries(
    records: Records, aline: Profile, name: str
) -> None:
    # Given
    browser = signed_in("operator")
    browser.get(url_of(aline))
    with CaptureQueriesContext(
        connection,
    ) as few:
        shown, _ = part_of(browser.get(url_of(aline)).content.decode(), name)
    before = len(shown)
    for number in range(MANY):
        GROWING[name](records, number)

    # When
    seen: list[str] = []
    link = "?"
    while link:
        with CaptureQueriesContext(connection) as many:
            answer = browser.get(url_of(aline) + link)
        rows, link = part_of(answer.content.decode(), name)
        assert len(rows) <= PAGE
        assert len(many) <= len(few)
        seen += rows

    # Then
    assert len(seen) == before + MANY
    assert len(set(seen)) == len(seen)


def test_customer__each_group__sees_the_parts_it_may_and_numbers_if_permitted(
    aline: Profile,
) -> None:
    for role in ("viewer", "support", "operator"):
        page = signed_in(role).get(url_of(aline)).content.decode()
        assert [part.name for part in PARTS] == re.findall(r'<section id="(\w+)"', page)
        assert (str(aline.msisdn) in page) is (role != "viewer")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_customer__without_a_permission__its_parts_are_not_shown(
    aline: Profile, part: object
) -> None:
    # Given: all views but one
    user = User.objects.create_user("new", is_staff=True)
    permission = part.permission  # type: ignore[attr-defined]
    app, code = permission.split(".")
    views = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.set(views.exclude(content_type__app_label=app, codename=code))
    browser = Client()
    browser.force_login(user)

    # When
    page = browser.get(url_of(aline)).content.decode()

    # Then
    expected = [each.name for each in PARTS if each.permission != permission]
    assert re.findall(r'<section id="(\w+)"', page) == expected


def test_customer__no_permission_or_no_person__is_refused(aline: Profile) -> None:
    browser = Client()
    browser.force_login(User.objects.create_user("new", is_staff=True))
    assert browser.get(url_of(aline)).status_code == 403
    assert Client().get(url_of(aline)).status_code == 302
    operator = signed_in("operator")
    for pk in (10**9, 2**62, 10**30):
        assert operator.get(f"/admin/customers/{pk}/").status_code == 404


@pytest.mark.parametrize("given", ["x", "-1", "1e9", "٣", "9" * 30, "", "' OR 1=1"])
def test_customer__strange_page__is_the_newest(aline: Profile, given: str) -> None:
    answer = signed_in("viewer").get(url_of(aline), {"vouchers": given})
    assert answer.status_code == 200
    assert len(part_of(answer.content.decode(), "vouchers")[0]) == 2


def test_customer__blocked_stopped_and_hostile__is_said_and_escaped(
    aline: Profile, records: Records
) -> None:
    Profile.objects.filter(pk=aline.pk).update(name=HOSTILE)
    consents(records, 1)
    assert consent.is_opted_out(aline)
    blocks.block_profile(profile=aline, reason="x", actor="odette")
    page = signed_in("support").get(url_of(aline)).content.decode()
    assert "Sent STOP" in page
    assert "Blocked." in page
    assert HOSTILE not in page


def test_customer__linked__from_voucher_person_and_inbox(
    aline: Profile, records: Records
) -> None:
    browser = signed_in("support")
    voucher = reverse("admin:vouchers_voucher_change", args=[records.issued.voucher.pk])
    inbox = f"{reverse('inbox')}?c={records.cast.aline.chat.pk}"
    for page in (voucher, inbox):
        assert url_of(aline) in browser.get(page).content.decode()
    button = reverse("admin:vouchers_profile_everything_one", args=[aline.pk])
    person = reverse("admin:vouchers_profile_change", args=[aline.pk])
    assert button in browser.get(person).content.decode()
    assert browser.get(button)["Location"] == url_of(aline)
