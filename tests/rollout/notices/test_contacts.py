from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from rollout.core import clock
from rollout.core.errors import InvalidChange
from rollout.models import Contact, OnCallShift
from rollout.notices import contacts

pytestmark = pytest.mark.django_db


def named(role: str = "Platform Lead", **values: object) -> Contact:
    row = Contact.objects.get(role=role)
    given = {"role": role, "name": "Pia", "phone": "+250 788-000-111", "order": 2}
    return contacts.save_contact(contact=row, **{**given, **values})


def test_seed__the_guides_contacts__two_placeholders_and_two_providers() -> None:
    rows = {row.role: row for row in Contact.objects.all()}

    assert rows["OpenAI Support"].email == "api-support@openai.com"
    assert rows["Supabase Support"].email == "support@supabase.io"
    assert [row.role for row in contacts.on_call()] == [
        "On-call Engineer",
        "Platform Lead",
    ]
    assert contacts.problems() == [
        "On-call Engineer names no person yet.",
        "Platform Lead names no person yet.",
    ]


def test_problems__named_and_verified__none_until_a_month_later() -> None:
    for role in ("On-call Engineer", "Platform Lead"):
        row = named(role)
        assert f"{role} was never verified." in contacts.problems()
        contacts.verify(contact=row)

    assert contacts.problems() == []
    later = clock.now() + timedelta(days=30, seconds=1)
    assert len(contacts.problems(later)) == 2


def test_problems__nobody__says_so() -> None:
    Contact.objects.update(is_active=False)

    assert contacts.problems() == ["No contact is on call."]


def test_save__another_number__has_to_be_verified_anew() -> None:
    row = named()
    contacts.verify(contact=row)

    same = named(order=3)
    assert same.verified_at is not None
    other = named(phone="+250788000112")

    assert (other.phone, other.verified_at) == ("+250788000112", None)


@pytest.mark.parametrize(
    ("text", "number"),
    [("+250 788 (000) 111", "+250788000111"), ("00250788000111", "+250788000111")],
)
def test_valid_phone__written_as_people_do__dialled_from_anywhere(
    text: str, number: str
) -> None:
    assert contacts.valid_phone(text) == number


@pytest.mark.parametrize(
    "text", ["0788000111", "+0788000111", "+25", "+٢٥٠٧٨٨٠٠٠١١١", "javascript:1", "+"]
)
def test_valid_phone__no_number__refused(text: str) -> None:
    with pytest.raises(InvalidChange):
        contacts.valid_phone(text)


def test_phone__round_the_service__the_database_refuses() -> None:
    with (
        pytest.raises(IntegrityError, match="contact_phone_is_international"),
        transaction.atomic(),
    ):
        Contact.objects.update(phone="0788000111")


def test_save__role_taken__refused() -> None:
    with pytest.raises(InvalidChange, match="already"):
        contacts.save_contact(contact=None, role="Platform Lead")


def test_on_call__a_shift_runs__its_contact_first_and_only_once() -> None:
    lead = named()
    now = clock.now()
    shift = contacts.add_shift(
        contact=lead, starts_at=now, ends_at=now + timedelta(hours=8), by="odette"
    )

    during = [row.role for row in contacts.on_call(now)]
    contacts.end_shift(shift=shift)

    assert during == ["Platform Lead", "On-call Engineer"]
    assert [row.role for row in contacts.on_call()] == during[::-1]
    assert OnCallShift.objects.count() == 1


def test_add_shift__ends_before_it_begins_or_names_nobody__refused() -> None:
    lead, now = named(), clock.now()
    unnamed = Contact.objects.get(role="On-call Engineer")

    for contact, hours in ((lead, 0), (lead, -1), (lead, 24 * 40), (unnamed, 8)):
        with pytest.raises(InvalidChange):
            contacts.add_shift(
                contact=contact,
                starts_at=now,
                ends_at=now + timedelta(hours=hours),
                by="odette",
            )
