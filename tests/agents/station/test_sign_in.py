"""Attacks on the sign-in of the station page: the second factor, and sessions that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.identity import blocks
from easymo.backoffice.models import BrowserSession
from easymo.backoffice.sign_in import OF_CODE
from tests.agents.cast import Cast, make_cast
from tests.second_factor import PASSWORD, code_of, unused_code, with_app, wrong_code
from vouchers.models import Profile
from vouchers.services.profiles import create_or_change_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SIGN_IN, HOME = reverse("station:sign-in"), reverse("station:home")


@pytest.fixture
def cast(db: None, whatsapp: SettingsWrapper) -> Cast:
    return make_cast()


@pytest.fixture
def account(cast: Cast) -> User:
    user = User.objects.create_user("claudine", password=PASSWORD)
    Profile.objects.filter(pk=cast.claudine.profile.pk).update(user=user)
    return user


def sign_in(app_code: str = "", password: str = PASSWORD) -> tuple[Client, int]:
    browser = Client()
    given = {"username": "claudine", "password": password, "app_code": app_code}
    return browser, browser.post(SIGN_IN, given).status_code


def is_in(browser: Client) -> bool:
    return browser.get(HOME).status_code == 200


# What is entered besides the right password, and whether it opens.
CODES: dict[str, tuple[Callable[[Any, list[str]], str], bool]] = {
    "nothing": (lambda factor, codes: "", False),
    "a wrong code": (lambda factor, codes: wrong_code(factor), False),
    "an old code": (lambda factor, codes: code_of(factor, steps=-9), False),
    "part of a recovery code": (lambda factor, codes: codes[0][:9], False),
    "the code": (lambda factor, codes: unused_code(factor), True),
    "a recovery code": (lambda factor, codes: codes[1], True),
}


def test_account__with_an_app__needs_its_code_once(account: User) -> None:
    factor, codes = with_app(account)
    for kind, (make, opens) in CODES.items():
        code = make(factor, codes)
        browser, status = sign_in(code)
        assert (is_in(browser), status == 302) == (opens, opens), kind
        if opens:
            assert not is_in(sign_in(code)[0]), kind


def test_account__codes_tried__locked_for_the_right_one(account: User) -> None:
    factor, _codes = with_app(account)

    statuses = [sign_in(wrong_code(factor))[1] for _ in range(OF_CODE + 1)]

    assert statuses == [422] * OF_CODE + [429]
    assert sign_in(unused_code(factor))[1] == 429


@pytest.mark.parametrize("is_required", [True, False])
def test_account__must_have_an_app__does_not_open_without(
    account: User, settings: SettingsWrapper, is_required: bool
) -> None:
    # Given: an account that may change something, and one that may not
    settings.SECOND_FACTOR_REQUIRED = is_required
    assert is_in(sign_in()[0])
    account.user_permissions.add(Permission.objects.get(codename="void_voucher"))

    # Then
    assert is_in(sign_in()[0]) is not is_required


def _customer_for_a_moment(cast: Cast, _account: User) -> None:
    person = cast.claudine.profile
    for role in ("customer", "station"):
        with transaction.atomic():
            create_or_change_profile(profile=person, role=role, station=person.station)


def _inactive_for_a_moment(cast: Cast, _account: User) -> None:
    for is_active in (False, True):
        Profile.objects.filter(pk=cast.claudine.profile.pk).update(is_active=is_active)


# What ends the session of an account, and whether one by a sent code ends too.
ENDS: dict[str, tuple[Callable[[Cast, User], Any], bool]] = {
    "a new app": (lambda cast, account: with_app(account), False),
    "sessions ended": (
        lambda cast, account: BrowserSession.objects.update(ended_at=timezone.now()),
        False,
    ),
    "no account any more": (
        lambda cast, account: Profile.objects.update(user=None),
        False,
    ),
    "blocked": (
        lambda cast, account: blocks.block_profile(
            profile=cast.claudine.profile, reason="Lost phone", actor="odette"
        ),
        True,
    ),
    "a customer for a moment": (_customer_for_a_moment, True),
    "inactive for a moment": (_inactive_for_a_moment, True),
}


@pytest.mark.parametrize("end", ENDS)
def test_session__right_lost_for_a_moment__does_not_come_back(
    cast: Cast, account: User, end: str
) -> None:
    # Given
    by_account, _status = sign_in()
    by_code = Client()
    session = by_code.session
    session["station"] = {
        "profile": cast.claudine.profile.pk,
        "at": timezone.now().timestamp(),
    }
    session.save()
    assert is_in(by_account)
    assert is_in(by_code)

    # When
    act, ends_both = ENDS[end]
    act(cast, account)

    # Then
    assert not is_in(by_account)
    assert is_in(by_code) is not ends_both


def test_sign_out__of_the_station_page__ends_the_row(account: User) -> None:
    browser, _status = sign_in()

    browser.post(reverse("station:sign-out"))

    assert not BrowserSession.objects.filter(ended_at=None).exists()


def test_cookies__of_every_kind__are_for_this_site_and_scripts_read_none(
    account: User, settings: SettingsWrapper
) -> None:
    # Given: what holds outside of the demonstration
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser = Client()
    browser.get("/admin/login/")
    browser.post(reverse("language"), {"language": "fr"})
    browser.post(reverse("station:language"), {"language": "fr"})
    browser.get(SIGN_IN)
    given = {"username": "claudine", "password": PASSWORD}
    browser.post(SIGN_IN, given)

    # Then: the form's token is read by scripts of the pages
    kinds = {
        name: (bool(each["secure"]), bool(each["httponly"]), each["samesite"])
        for name, each in browser.cookies.items()
    }
    assert len(kinds) >= 4
    token = settings.CSRF_COOKIE_NAME
    assert set(kinds.values()) <= {(True, True, "Lax"), (True, False, "Lax")}
    assert {name for name, kind in kinds.items() if not kind[1]} <= {token}
