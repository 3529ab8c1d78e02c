from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.identity.sandbox import bsuid_of
from agents.models import Conversation, Identity
from agents.operations import demonstration
from agents.simulator import page_data
from agents.smoke import people
from agents.smoke.deployment import SmokeFailure
from rollout.core.probes import is_probe
from tests.agents.smoke.test_cases import switch
from vouchers.actors import Actor
from vouchers.models import Profile, Voucher
from vouchers.money import Money
from vouchers.services.issue import issue_voucher

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
TEN = Money(10_000, "RWF")


def test_staff__first__a_marked_sandbox_person_without_a_number() -> None:
    person = people.staff_member("smoke")

    assert person.is_sandbox
    assert (person.role, person.msisdn) == ("staff", None)
    assert is_probe(str(person.public_id))
    identity = Identity.objects.get(profile=person)
    assert (identity.kind, identity.value) == ("bsuid", bsuid_of(person))


def test_staff__again__the_same_people() -> None:
    people.staff_member("smoke")
    people.staff_member("smoke")

    assert Profile.objects.count() == people.STAFF


def test_staff__several__the_one_who_was_silent_longest() -> None:
    # Given
    first = people.staff_member("probe")
    everyone = Profile.objects.exclude(pk=first.pk).order_by("pk")
    now = timezone.now()
    for number, person in enumerate([first, *everyone]):
        Conversation.objects.create(
            profile=person,
            phone_number_id="1",
            last_inbound_at=now - timedelta(minutes=number),
        )

    # Then
    assert people.staff_member("probe") == everyone.last()


def test_staff__the_simulator__does_not_play_them() -> None:
    diane = Profile.objects.create(name="Diane", role="staff", is_sandbox=True)
    people.staff_member("smoke")
    people.customer()

    assert page_data.people() == [diane]


def test_customer__first__one_of_the_guides_neighbours() -> None:
    person = people.customer()

    assert person.msisdn == people.NUMBERS[0]
    assert person.is_sandbox
    assert is_probe(str(person.public_id))
    assert people.customer() == person


def test_customer__people_of_the_demonstration__never_taken() -> None:
    demonstration.seed()
    played = {person.msisdn for person in demonstration.PEOPLE}

    assert people.customer().msisdn not in played
    assert people.customer(TEN).msisdn not in played
    assert not Voucher.objects.filter(owner=people.customer()).exists()


OWNED = [
    pytest.param({}, id="a real customer"),
    pytest.param({"is_sandbox": True}, id="a person of the simulator"),
    pytest.param({"is_sandbox": True, "role": "staff"}, id="a colleague"),
]


@pytest.mark.parametrize("facts", OWNED)
def test_customer__numbers_are_owned__left_alone(facts: dict[str, Any]) -> None:
    for number in people.NUMBERS[:2]:
        Profile.objects.create(msisdn=number, name="A customer", **facts)

    assert people.customer().msisdn == people.NUMBERS[2]


def test_customer__issued_enough_today__the_next_one() -> None:
    # Given
    switch()
    first = people.customer(TEN)
    for number in range(10):
        issue_voucher(
            customer=first,
            amount=TEN,
            actor=Actor.system("tests"),
            key=f"smoke:{number}",
        )

    # Then
    assert people.customer(TEN) != first
    assert people.customer() == first


def test_customer__no_number_is_free__refused() -> None:
    for number in people.NUMBERS:
        Profile.objects.create(msisdn=number, name="A customer")

    with pytest.raises(SmokeFailure, match="belong to other people"):
        people.customer()


def test_customer__all_issued_enough_today__refused(
    settings: SettingsWrapper,
) -> None:
    settings.VOUCHER_CUSTOMER_DAILY = 5_000

    with pytest.raises(SmokeFailure, match="Every sandbox customer"):
        people.customer(TEN)
