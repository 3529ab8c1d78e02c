from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from tests.vouchers import guards
from tests.vouchers.database_clock import before_it_expired
from vouchers.actors import Actor
from vouchers.models import Profile, Station
from vouchers.money import Money
from vouchers.services.issue import Issued, issue_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _open_fence(request: pytest.FixtureRequest, settings: SettingsWrapper) -> None:
    """Open the fence in the process and in the database, without the rollout."""
    settings.VOUCHER_GUARD = "tests.vouchers.guards.open_to_all"
    if "committed_db" in request.fixturenames:
        request.getfixturevalue("committed_db")
    elif request.node.get_closest_marker("django_db") is not None:
        request.getfixturevalue("db")
    else:
        return
    guards.open_in_database("SELECT true")


@pytest.fixture
def key() -> Callable[[], str]:
    return lambda: f"test:{next(_numbers)}"


@pytest.fixture
def kimironko() -> Station:
    return Station.objects.create(code="KIMIRONKO", name="Kimironko")


@pytest.fixture
def nyabugogo() -> Station:
    return Station.objects.create(code="NYABUGOGO", name="Nyabugogo")


@pytest.fixture
def aline() -> Profile:
    return Profile.objects.create(msisdn="+250788000001", name="Aline")


@pytest.fixture
def bosco() -> Profile:
    return Profile.objects.create(msisdn="+250788000002", name="Bosco")


@pytest.fixture
def claudine(kimironko: Station) -> Profile:
    return Profile.objects.create(
        msisdn="+250788000003", name="Claudine", role="station", station=kimironko
    )


@pytest.fixture
def odette() -> User:
    return User.objects.create_user("odette")


@pytest.fixture
def pascal() -> User:
    return User.objects.create_user("pascal")


@pytest.fixture
def diane() -> Profile:
    return Profile.objects.create(msisdn="+250788000004", name="Diane", role="staff")


@pytest.fixture
def emile() -> Profile:
    return Profile.objects.create(msisdn="+250788000005", name="Emile", role="support")


@pytest.fixture
def sandbox_staff() -> Profile:
    return Profile.objects.create(
        msisdn="+250788000009", name="Sandy", role="staff", is_sandbox=True
    )


def acting(profile: Profile) -> Actor:
    return Actor.of_profile(profile, channel="whatsapp")


def rwf(amount: int) -> Money:
    return Money(amount, "RWF")


@pytest.fixture
def issued(aline: Profile, diane: Profile, key: Callable[[], str]) -> Issued:
    return issue_voucher(
        customer=aline, amount=rwf(10_000), actor=acting(diane), key=key()
    )


@pytest.fixture
def requested(aline: Profile, diane: Profile, key: Callable[[], str]) -> Issued:
    return issue_voucher(
        customer=aline, amount=rwf(30_000), actor=acting(diane), key=key()
    )


@pytest.fixture
def expired(aline: Profile, diane: Profile, key: Callable[[], str]) -> Issued:
    """A voucher whose time is over, while its status is still "issued"."""
    with before_it_expired():
        return issue_voucher(
            customer=aline, amount=rwf(500), actor=acting(diane), key=key()
        )
