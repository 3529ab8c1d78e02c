from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from agents.identity import disputes
from agents.identity.resolution import add_shared_number, resolve_sender
from agents.models import HandOff, Identity, IdentityClaim
from agents.whatsapp.senders import Sender
from vouchers.models import Profile

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = "+250788123456"
BSUID = "RW.13491208655302741918"
OTHER = "RW.99999999999999999999"
Role = Profile.Role


@pytest.fixture
def chat_for_everyone(switch: Callable[..., None]) -> None:
    switch(chat=True)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chat_for_everyone")]


def who(number: str = "", bsuid: str = "", name: str = "Aline") -> Profile | None:
    sender = Sender(number=number, bsuid=bsuid, name=name)
    return resolve_sender(sender, is_synthetic=False).profile


def test_resolve_sender__new_sender_with_both_identities__one_customer() -> None:
    # When
    aline = who(NUMBER, BSUID)

    # Then
    assert aline is not None
    assert (aline.role, aline.msisdn) == (Role.CUSTOMER, NUMBER)
    assert who(NUMBER) == who("", BSUID) == who(NUMBER, BSUID) == aline
    assert Profile.objects.count() == 1


def test_resolve_sender__user_id_alone__customer_without_a_number() -> None:
    # When
    person = who("", BSUID)

    # Then
    assert person is not None
    assert person.msisdn is None

    # When: the number comes with it later
    assert who(NUMBER, BSUID) == person

    # Then
    person.refresh_from_db()
    assert person.msisdn == NUMBER


def test_resolve_sender__known_customer_by_number__user_id_bound() -> None:
    # Given
    aline = Profile.objects.create(msisdn=NUMBER)

    # When
    found = who(NUMBER, BSUID)

    # Then
    assert found == aline
    assert Identity.objects.get(kind="bsuid").profile == aline
    assert not HandOff.objects.exists()


def test_resolve_sender__known_number_with_another_user_id__new_person_and_a_task() -> (
    None
):
    # Given
    aline = Profile.objects.create(msisdn=NUMBER, name="Aline")
    who(NUMBER, BSUID)

    # When
    stranger = who(NUMBER, OTHER, name="Another Person")

    # Then
    assert stranger is not None
    assert stranger != aline
    assert (stranger.role, stranger.msisdn) == (Role.CUSTOMER, None)
    assert HandOff.objects.get().kind == HandOff.Kind.IDENTITY
    assert who(NUMBER, OTHER) == stranger
    assert who(NUMBER, BSUID) == aline
    aline.refresh_from_db()
    assert aline.msisdn == NUMBER


@pytest.mark.parametrize("role", [Role.STAFF, Role.SUPPORT])
def test_resolve_sender__staff_number_with_a_first_user_id__served_but_not_bound(
    role: str,
) -> None:
    # Given
    diane = Profile.objects.create(msisdn=NUMBER, role=role)

    # When
    found = who(NUMBER, BSUID)

    # Then
    assert found == diane
    assert not Identity.objects.filter(kind="bsuid").exists()
    assert HandOff.objects.get(profile=diane).kind == HandOff.Kind.DEVICE
    assert who(NUMBER, BSUID) == diane
    assert HandOff.objects.count() == 1


def test_resolve_sender__staff_number_with_a_second_user_id__not_staff() -> None:
    # Given
    diane = Profile.objects.create(msisdn=NUMBER, role=Role.STAFF)
    who(NUMBER, BSUID)

    # When
    other = who(NUMBER, OTHER)

    # Then
    assert other is not None
    assert other != diane
    assert other.role == Role.CUSTOMER


def test_resolve_sender__staff_user_id_alone__staff_after_a_colleague_bound_it() -> (
    None
):
    # Given
    diane = Profile.objects.create(msisdn=NUMBER, role=Role.STAFF)
    who(NUMBER, BSUID)

    # When
    disputes.bind_identities(
        claim_id=IdentityClaim.objects.get().pk, actor="eve", reason="seen in person"
    )

    # Then
    assert who("", BSUID) == diane


def test_resolve_sender__chat_limited__no_profile(
    switch: Callable[..., None],
) -> None:
    # Given
    switch(chat=False)

    # When
    found = who(NUMBER, BSUID)

    # Then
    assert found is None
    assert not Profile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_resolve_sender__two_webhooks_of_a_new_person_at_once__one_profile(
    committed_db: str,
) -> None:
    # Given
    start = Barrier(6)

    def arrive(n: int) -> int:
        try:
            start.wait(60)
            found = who(NUMBER if n % 2 else "", BSUID)
            assert found is not None
            return found.pk
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(arrive, range(6)))

    # Then
    assert len(found) == 1
    assert Profile.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_add_shared_number__two_people_at_once__one_person_has_it(
    committed_db: str,
) -> None:
    # Given
    people = {bsuid: who("", bsuid) for bsuid in (BSUID, OTHER)}
    start = Barrier(2)

    def share(bsuid: str) -> bool:
        person = people[bsuid]
        assert person is not None
        try:
            start.wait(60)
            return add_shared_number(person, NUMBER, bsuid=bsuid)
        finally:
            connections.close_all()

    # When
    with ThreadPoolExecutor(2) as pool:
        learned = sorted(pool.map(share, people))

    # Then
    assert learned == [False, True]
    assert Profile.objects.filter(msisdn=NUMBER).count() == 1
    assert Identity.objects.filter(kind="wa_id", value=NUMBER).count() == 1
