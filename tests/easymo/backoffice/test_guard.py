"""Without the second factor nothing opens, on every address of the site."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from easymo.settings import base, security
from tests.second_factor import (
    PASSWORD,
    code_of,
    is_in,
    prove,
    sign_in,
    unused_code,
    with_app,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

CODE, SET_UP = "/admin/second-factor/", "/admin/second-factor/set-up/"
OWN = {CODE, SET_UP, "/admin/second-factor/leave/"}
# What stands in an address for each converter.
PLACES = {"uuid": str(uuid4()), "int": "1", "row": "1", "slug": "x", "str": "daily"}


@pytest.fixture(autouse=True)
def _required(settings: SettingsWrapper) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def odette() -> User:
    return User.objects.create_superuser("odette", password=PASSWORD)


def addresses(resolver: URLResolver, start: str = "/") -> Iterator[str]:
    """Return one address for each pattern of the site."""
    for each in resolver.url_patterns:
        route = start + _filled(str(each.pattern))
        if isinstance(each, URLResolver):
            yield from addresses(each, route)
        elif isinstance(each, URLPattern):
            yield route


def _filled(route: str) -> str:
    route = re.sub(r"\(\?P<[^>]+>[^)]*\)\$?|\\Z", "1", route).lstrip("^")
    return re.sub(
        r"<(?:(\w+):)?\w+>", lambda found: PLACES.get(found[1] or "str", "1"), route
    )


ALL = sorted(set(addresses(get_resolver())))
ADMIN = [each for each in ALL if each.startswith("/admin/")]


@pytest.mark.parametrize("has_app", [False, True], ids=["no app", "app not proved"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address__second_factor_missing__leads_to_it(
    odette: User, method: str, has_app: bool
) -> None:
    # Given
    if has_app:
        with_app(odette)
    browser, stranger = sign_in(odette), Client()

    # When
    wrong = {}
    for address in ALL:
        if address in OWN or (address, method) == ("/admin/login/", "post"):
            continue
        answer = getattr(browser, method)(address)
        if address.startswith("/admin/"):
            location = answer.headers.get("Location", "")
            if answer.status_code != 302 or not location.startswith(CODE):
                wrong[address] = answer.status_code
        elif answer.status_code != getattr(stranger, method)(address).status_code:
            wrong[address] = answer.status_code

    # Then
    assert wrong == {}
    assert len(ADMIN) > 200
    assert {"/simulator/", "/api/docs/", "/api/schema/"} <= set(ALL)


def test_every_address__second_factor_proved__control_opens_pages(
    odette: User,
) -> None:
    # Given
    factor, _codes = with_app(odette)
    browser = sign_in(odette)
    assert prove(browser, code_of(factor)) == 302

    # Then
    for address in ("/admin/", "/admin/account/", "/admin/auth/user/", "/api/docs/"):
        assert browser.get(address).status_code == 200


# Addresses that show no data without a right: the own account, the search forms, the
# first page, what waits for the own rights, and the description of the API.
OPEN = {
    *("/admin/", "/admin/account/", "/admin/jsi18n/", "/admin/find/"),
    *("/admin/search/", "/admin/waiting/", "/api/schema/", "/api/docs/"),
    *("/admin/password_change/", "/admin/password_change/done/"),
    "/admin/reauthenticate/",
}
# Of anyone: liveness, the first page, and pages with a secret of their own.
PUBLIC = re.compile(
    r"/|/healthz|/readyz(/workers)?|/functions/.*|/station/sign-in/|/pin/.*"
    r"|/admin/(login|logout)/"
)
# Accounts that may open no page with data.
WITHOUT_RIGHTS = {
    "staff without a right": {"is_staff": True},
    "all rights and no staff": {"is_superuser": True},
    "a deactivated superuser": {"is_superuser": True, "is_staff": True},
}


@pytest.mark.parametrize("who", WITHOUT_RIGHTS)
def test_every_address__account_without_rights__opens_none_with_data(
    settings: SettingsWrapper, who: str
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = False
    settings.SIMULATOR_ENABLED = True
    user = User.objects.create_user("eric", password=PASSWORD, **WITHOUT_RIGHTS[who])
    browser = Client()
    browser.force_login(user)
    if "deactivated" in who:
        User.objects.filter(pk=user.pk).update(is_active=False)

    # When
    opened = set()
    for address in ALL:
        if PUBLIC.fullmatch(address) or address in OWN:
            continue
        for method in ("get", "post"):
            answer = getattr(browser, method)(address)
            if answer.status_code == 200:
                opened.add(address)

    # Then
    assert opened == (OPEN if who == "staff without a right" else set())


# The group or permission of an account, and whether an app is required.
PEOPLE = {
    "superuser": True,
    "operator": True,
    "support": True,
    "viewer": False,
    "vouchers.void_voucher": True,
    "vouchers.view_voucher": False,
}


@pytest.mark.parametrize("right", PEOPLE)
@pytest.mark.parametrize("is_required", [True, False])
def test_sign_in__by_right__asked_where_something_may_be_changed(
    settings: SettingsWrapper, right: str, is_required: bool
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = is_required
    user = User.objects.create_user("odette", password=PASSWORD, is_staff=True)
    if right == "superuser":
        user.is_superuser = True
        user.save()
    elif "." in right:
        codename = right.partition(".")[2]
        user.user_permissions.add(Permission.objects.get(codename=codename))
    else:
        user.groups.add(Group.objects.get(name=right))

    # Then
    assert is_in(sign_in(user)) is not (is_required and PEOPLE[right])


@pytest.mark.parametrize("is_demonstration", [True, False])
def test_setting__default__required_outside_the_demonstration(
    monkeypatch: pytest.MonkeyPatch, is_demonstration: bool
) -> None:
    # Given: the suite turns it off for itself only
    with monkeypatch.context() as patch:
        patch.delenv("SECOND_FACTOR_REQUIRED")
        patch.setattr(base, "DEMONSTRATION", is_demonstration)

        # When
        fresh = importlib.reload(security)

        # Then
        assert is_demonstration is not fresh.SECOND_FACTOR_REQUIRED
    importlib.reload(security)


def test_demonstration__app_set_up__is_asked_for(
    odette: User, settings: SettingsWrapper
) -> None:
    settings.SECOND_FACTOR_REQUIRED = False
    assert is_in(sign_in(odette))
    with_app(odette)

    assert not is_in(sign_in(odette))


def test_sessions__app_replaced_or_set_up_elsewhere__must_prove_it(
    odette: User, settings: SettingsWrapper
) -> None:
    # Given
    settings.SECOND_FACTOR_REQUIRED = False
    browser = sign_in(odette)
    assert is_in(browser)

    # When
    factor, _codes = with_app(odette)

    # Then
    assert not is_in(browser)
    assert prove(browser, code_of(factor)) == 302
    assert is_in(browser)

    # When
    with_app(odette)

    # Then
    assert not is_in(browser)


def test_set_up__app_exists_and_is_not_proved__cannot_be_replaced(
    odette: User,
) -> None:
    # Given: a thief has the password
    factor, _codes = with_app(odette)
    thief = sign_in(odette)

    # When
    answers = [thief.get(SET_UP), thief.post(SET_UP, {"code": "000000"})]

    # Then
    assert [answer.headers["Location"] for answer in answers] == [CODE, CODE]
    assert not is_in(thief)
    assert prove(thief, unused_code(factor)) == 302


def test_session__made_without_a_sign_in__is_nobodys(odette: User) -> None:
    # Given: Django's session names the user, and no row of a sign-in exists
    browser = sign_in(odette)
    session = browser.session
    for forged in (None, str(uuid4()), "x"):
        session["browser_session"] = forged
        session.save()

        # Then
        answer = browser.get("/admin/account/")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")
        browser = sign_in(odette)
        session = browser.session


def test_next__after_both_factors__the_page_that_was_wanted(odette: User) -> None:
    # Given
    factor, _codes = with_app(odette)
    browser = sign_in(odette)
    onward = browser.get("/admin/auth/user/?q=x").headers["Location"]
    page = browser.get(onward)

    # When
    shown = re.search(r'name="next" value="([^"]*)"', page.content.decode())
    assert shown is not None
    answer = browser.post(CODE, {"code": code_of(factor), "next": shown[1]})

    # Then
    assert answer.headers["Location"] == "/admin/auth/user/?q=x"


@pytest.mark.parametrize("onward", ["//evil.example", "https:evil", "/\\evil.example"])
def test_next__another_site__is_not_followed(odette: User, onward: str) -> None:
    factor, _codes = with_app(odette)
    browser = sign_in(odette)

    answer = browser.post(CODE, {"code": code_of(factor), "next": onward})

    assert answer.headers["Location"] == "/admin/"
